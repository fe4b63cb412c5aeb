//! `hbx run` as a request, as src/containers/commands/run.ts and create/ make it.

use serde_json::{Map, Value, json};

use crate::flags::{Flag, Flags, Kind, parse};
use crate::{Request, Verb, body, sizes};

const FLAGS: &[Flag] = &[
    ("add-host", None, Kind::List),
    ("cap-add", None, Kind::List),
    ("cap-drop", None, Kind::List),
    ("cpus", None, Kind::Text),
    ("dns", None, Kind::List),
    ("entrypoint", None, Kind::Text),
    ("env", Some('e'), Kind::List),
    ("group-add", None, Kind::List),
    ("hostname", Some('h'), Kind::Text),
    ("init", None, Kind::Bool),
    ("interactive", Some('i'), Kind::Bool),
    ("ipc", None, Kind::Text),
    ("label", Some('l'), Kind::List),
    ("memory", Some('m'), Kind::Text),
    ("name", None, Kind::Text),
    ("network", None, Kind::Text),
    ("pid", None, Kind::Text),
    ("pids-limit", None, Kind::Text),
    ("privileged", None, Kind::Bool),
    ("quiet", Some('q'), Kind::Bool),
    ("read-only", None, Kind::Bool),
    ("rm", None, Kind::Bool),
    ("shm-size", None, Kind::Text),
    ("sig-proxy", None, Kind::Bool),
    ("stop-signal", None, Kind::Text),
    ("tmpfs", None, Kind::List),
    ("user", Some('u'), Kind::Text),
    ("volume", Some('v'), Kind::List),
    ("workdir", Some('w'), Kind::Text),
];

pub fn request(words: &[&str]) -> Option<Request> {
    let flags = parse(FLAGS, words)?;
    let [image, command @ ..] = flags.rest.as_slice() else {
        return None;
    };
    let stdin = flags.truth("interactive");
    let mut body = Map::new();
    body.insert("Image".into(), (*image).into());
    body.insert("Labels".into(), body::pairs(&flags.list("label"))?);
    body.insert("NetworkingConfig".into(), json!({ "EndpointsConfig": {} }));
    if !command.is_empty() {
        body.insert("Cmd".into(), command.into());
    }
    body.insert("Env".into(), body::environment(&flags.list("env"))?.into());
    let texts = [
        ("User", "user"),
        ("WorkingDir", "workdir"),
        ("Hostname", "hostname"),
        ("StopSignal", "stop-signal"),
    ];
    put_texts(&mut body, &flags, &texts);
    if let Some(entrypoint) = flags.text("entrypoint") {
        body.insert("Entrypoint".into(), json!([entrypoint]));
    }
    let (binds, anonymous) = volumes(&flags)?;
    if !anonymous.is_empty() {
        body.insert("Volumes".into(), Value::Object(anonymous));
    }
    for (key, value) in [
        ("Tty", false),
        ("OpenStdin", stdin),
        ("AttachStdin", stdin),
        ("AttachStdout", true),
        ("AttachStderr", true),
        ("StdinOnce", stdin),
    ] {
        body.insert(key.into(), value.into());
    }
    body.insert("HostConfig".into(), host_config(&flags, binds)?);
    let name = flags
        .text("name")
        .map_or(String::new(), |name| format!("name={}&", body::encode(name)));
    Some(Request {
        path: format!("/hbx/v1/containers/run?{name}stdin={stdin}&stdout=true&stderr=true"),
        body: Value::Object(body).to_string(),
        stdin,
        signals: !flags.has("sig-proxy") || flags.truth("sig-proxy"),
        verb: Verb::Run,
    })
}

fn host_config(flags: &Flags, binds: Vec<&str>) -> Option<Value> {
    let mut host = Map::new();
    host.insert("AutoRemove".into(), flags.truth("rm").into());
    for (key, name) in [
        ("Init", "init"),
        ("Privileged", "privileged"),
        ("ReadonlyRootfs", "read-only"),
    ] {
        if flags.has(name) {
            host.insert(key.into(), flags.truth(name).into());
        }
    }
    type Reader = fn(&str) -> Option<u64>;
    let numbers: [(&str, &str, Reader); 4] = [
        ("Memory", "memory", sizes::bytes),
        ("ShmSize", "shm-size", sizes::bytes),
        ("PidsLimit", "pids-limit", sizes::whole),
        ("NanoCpus", "cpus", sizes::nano_cpus),
    ];
    for (key, name, read) in numbers {
        if let Some(text) = flags.text(name) {
            host.insert(key.into(), read(text)?.into());
        }
    }
    for (key, name) in [
        ("CapAdd", "cap-add"),
        ("CapDrop", "cap-drop"),
        ("GroupAdd", "group-add"),
        ("Dns", "dns"),
        ("ExtraHosts", "add-host"),
    ] {
        if flags.has(name) {
            host.insert(key.into(), flags.list(name).into());
        }
    }
    put_texts(&mut host, flags, &[("PidMode", "pid"), ("IpcMode", "ipc")]);
    if !binds.is_empty() {
        host.insert("Binds".into(), binds.into());
    }
    if flags.has("tmpfs") {
        host.insert("Tmpfs".into(), tmpfs(flags)?);
    }
    host.insert("NetworkMode".into(), network(flags)?.into());
    host.insert("PublishAllPorts".into(), false.into());
    Some(Value::Object(host))
}

fn put_texts(into: &mut Map<String, Value>, flags: &Flags, fields: &[(&str, &str)]) {
    for (key, name) in fields {
        if let Some(text) = flags.text(name) {
            into.insert((*key).into(), text.into());
        }
    }
}

/// Binds as they stand, and paths that get a volume without a name. A source relative to our directory, or a form with a
/// piece left out, is for the whole command line.
fn volumes<'a>(flags: &Flags<'a>) -> Option<(Vec<&'a str>, Map<String, Value>)> {
    let mut binds = Vec::new();
    let mut anonymous = Map::new();
    for text in flags.list("volume") {
        let parts: Vec<&str> = text.split(':').collect();
        if text.starts_with('.') || parts.len() > 3 || parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        if let [path] = parts.as_slice() {
            anonymous.insert(path.starts_with('/').then(|| (*path).to_owned())?, json!({}));
        } else {
            binds.push(text);
        }
    }
    Some((binds, anonymous))
}

fn tmpfs(flags: &Flags) -> Option<Value> {
    let mut mounts = Map::new();
    for text in flags.list("tmpfs") {
        let (path, options) = text.split_once(':').unwrap_or((text, ""));
        mounts.insert(path.starts_with('/').then(|| path.to_owned())?, options.into());
    }
    Some(Value::Object(mounts))
}

/// One network by its name; options of an endpoint are for the whole command line.
fn network<'a>(flags: &Flags<'a>) -> Option<&'a str> {
    match flags.list("network").as_slice() {
        [] => Some("default"),
        [name] if !name.contains(['=', ',']) => Some(name),
        _ => None,
    }
}
