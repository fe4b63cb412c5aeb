//! A tree with everything a layer can hold survives layerTar and unpack unchanged.
#[allow(dead_code)]
mod support;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use support::{Scratch, layer_tar, listing, unpack};

fn set_xattr(path: &Path, key: &str, value: &[u8]) {
    let parent = fs::File::open(path.parent().unwrap()).unwrap();
    hbx_storage::xattr::set_at(
        parent.as_fd(),
        path.file_name().unwrap().as_encoded_bytes(),
        key.as_bytes(),
        value,
    )
    .unwrap();
}

fn run(program: &str, args: &[&str]) {
    assert!(
        Command::new(program).args(args).status().unwrap().success(),
        "{program} {args:?}"
    );
}

fn tree(root: &Path) {
    let at = |name: &str| root.join(name);
    let text = |name: &str| at(name).to_str().unwrap().to_owned();
    fs::create_dir_all(at("etc/deep/er")).unwrap();
    fs::write(at("etc/file"), "hello").unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::write(at("big"), vec![7u8; 3_000_001]).unwrap();
    fs::hard_link(at("etc/file"), at("etc/deep/link")).unwrap();
    symlink("../../../../outside", at("etc/up")).unwrap();
    symlink("x".repeat(300), at("long-target")).unwrap();
    fs::create_dir_all(at(&["d".repeat(200), "e".repeat(200)].join("/"))).unwrap();
    fs::write(at(&["d".repeat(200), "f".repeat(250)].join("/")), "long").unwrap();
    fs::write(at("setuid"), "x").unwrap();
    run("chown", &["1234:5678", &text("setuid")]);
    fs::set_permissions(at("setuid"), PermissionsExt::from_mode(0o6755)).unwrap();
    fs::create_dir(at("sticky")).unwrap();
    run("chown", &["7:2222", &text("sticky")]);
    fs::set_permissions(at("sticky"), PermissionsExt::from_mode(0o3777)).unwrap();
    fs::write(at("sticky/inside"), "x").unwrap();
    run("chown", &["0:0", &text("sticky/inside")]);
    run("chown", &["-h", "4000000000:3000000", &text("long-target")]);
    run("mknod", &[&text("null"), "c", "1", "3"]);
    run("mknod", &[&text("disk"), "b", "700", "300000"]);
    run("mkfifo", &["-m", "640", &text("fifo")]);
    set_xattr(&at("etc/file"), "user.colour", b"a\0b=\n");
    set_xattr(
        &at("setuid"),
        "security.capability",
        &[1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    set_xattr(&at("sticky"), "user.dir", b"1");
    set_xattr(&at("etc/up"), "trusted.link", b"t");
    fs::write(at("sparse"), "head").unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(at("sparse"))
        .unwrap()
        .set_len(64 << 20)
        .unwrap();
    run(
        "sh",
        &[
            "-c",
            &format!(
                "printf middle | dd of={} bs=1 seek=20000000 conv=notrunc status=none",
                text("sparse")
            ),
        ],
    );
    fs::create_dir(at("closed")).unwrap();
    fs::write(at("closed/in"), "x").unwrap();
    fs::set_permissions(at("closed"), PermissionsExt::from_mode(0o000)).unwrap();
    run("touch", &["-h", "-d", "1969-12-31 23:59:58.25 UTC", &text("empty")]);
    run("touch", &["-d", "2300-01-01 UTC", &text("big")]);
    run("touch", &["-d", "2020-02-02 02:02:02.123456789 UTC", &text("etc/deep")]);
}

#[test]
fn a_layer_keeps_every_attribute_in_every_compression() {
    let scratch = Scratch::new();
    let upper = scratch.dir("upper");
    tree(&upper);
    for compression in ["none", "gzip", "zstd"] {
        let (packed, bytes) = layer_tar(&upper, compression);
        assert_eq!(
            (packed.t.as_str(), packed.compressed_bytes),
            ("done", bytes.len() as u64),
            "{packed:?}"
        );
        let (again, same) = layer_tar(&upper, compression);
        assert!(
            bytes == same && again.digest == packed.digest,
            "{compression} is deterministic"
        );
        let dest = scratch.dir(compression);
        let unpacked = unpack(&bytes, &dest);
        assert_eq!(unpacked.t, "done", "{unpacked:?}");
        assert_eq!(
            (&unpacked.digest, &unpacked.diff_id, unpacked.size_bytes),
            (&packed.digest, &packed.diff_id, packed.size_bytes)
        );
        assert_eq!(listing(&dest), listing(&upper));
    }
}

#[test]
fn gnu_tar_reads_what_we_write_and_we_what_it_writes() {
    let scratch = Scratch::new();
    let upper = scratch.dir("upper");
    tree(&upper);
    let (_, bytes) = layer_tar(&upper, "gzip");
    fs::write(scratch.join("ours.tar.gz"), bytes).unwrap();
    let theirs = scratch.dir("theirs");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let keep = ["--xattrs", "--xattrs-include=*", "--numeric-owner"];
    let tar = |args: &[&str]| run("tar", &[&keep[..], args].concat());
    tar(&["-xpzf", &text(&scratch.join("ours.tar.gz")), "-C", &text(&theirs)]);
    assert_eq!(listing(&theirs), listing(&upper));
    for (format, sparse) in [("pax", "0.0"), ("pax", "0.1"), ("pax", "1.0"), ("gnu", "1.0")] {
        let (file, dest) = (scratch.join("theirs.tar"), scratch.dir(&format!("{format}{sparse}")));
        let version = format!("--sparse-version={sparse}");
        let format = format!("--format={format}");
        // GNU's own format has no room for attributes and fractions of seconds.
        let all = if format.contains("gnu") {
            &["--numeric-owner"][..]
        } else {
            &keep[..]
        };
        run(
            "tar",
            &[
                all,
                &["-cSf", &text(&file), &format, &version, "-C", &text(&upper), "."],
            ]
            .concat(),
        );
        let answer = unpack(&fs::read(&file).unwrap(), &dest);
        assert_eq!(answer.t, "done", "{answer:?}");
        let strip = |lines: Vec<String>| -> Vec<String> {
            if format.contains("pax") {
                lines
            } else {
                lines
                    .iter()
                    .map(|l| l.split(' ').take(4).collect::<Vec<_>>().join(" "))
                    .collect()
            }
        };
        assert_eq!(strip(listing(&dest)), strip(listing(&upper)), "{format} {sparse}");
    }
}
