//! A tree with everything that a layer can hold.
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

pub fn set_xattr(path: &Path, key: &str, value: &[u8]) {
    let parent = fs::File::open(path.parent().unwrap()).unwrap();
    hbx_storage::xattr::set_at(
        parent.as_fd(),
        path.file_name().unwrap().as_encoded_bytes(),
        key.as_bytes(),
        value,
    )
    .unwrap();
}

pub fn run(program: &str, args: &[&str]) {
    assert!(
        Command::new(program).args(args).status().unwrap().success(),
        "{program} {args:?}"
    );
}

pub fn tree(root: &Path) {
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
