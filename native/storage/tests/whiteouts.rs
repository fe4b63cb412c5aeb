//! Layers in overlayfs' terms and back.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
mod support;
use archive::Archive;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use support::{Scratch, layer_tar, listing, unpack, xattrs};

fn is_whiteout(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|m| m.file_type().is_char_device() && m.rdev() == 0)
}

fn is_opaque(path: &Path) -> bool {
    xattrs(path).contains(&("trusted.overlay.opaque".into(), b"y".to_vec()))
}

fn unpacked(archive: Archive) -> (Scratch, std::path::PathBuf) {
    let scratch = Scratch::new();
    let dest = scratch.dir("dest");
    let answer = unpack(&archive.end(), &dest);
    assert_eq!(answer.t, "done", "{answer:?}");
    (scratch, dest)
}

#[test]
fn whiteouts_become_devices_and_opaque_attributes() {
    let layer = Archive::default()
        .dir("d")
        .file("d/.wh.gone", b"")
        .dir("e")
        .file("e/.wh..wh..opq", b"")
        .file("e/kept", b"x")
        .file(".wh..wh.plnk", b"");
    let (_s, dest) = unpacked(layer);
    assert!(is_whiteout(&dest.join("d/gone")));
    assert!(is_opaque(&dest.join("e")) && !is_opaque(&dest.join("d")));
    assert_eq!(fs::read(dest.join("e/kept")).unwrap(), b"x");
    assert_eq!(fs::read_dir(&dest).unwrap().count(), 2);
}

#[test]
fn a_whiteout_hides_lower_layers_only_whatever_the_order() {
    let before = Archive::default()
        .file(".wh.f", b"")
        .file("f", b"new")
        .file(".wh.d", b"")
        .dir("d")
        .file("d/x", b"");
    let after = Archive::default()
        .file("f", b"new")
        .file(".wh.f", b"")
        .dir("d")
        .file("d/x", b"")
        .file(".wh.d", b"");
    let implied = Archive::default().file("f", b"new").file(".wh.d", b"").file("d/x", b"");
    for layer in [before, after, implied] {
        let (_s, dest) = unpacked(layer);
        assert_eq!(fs::read(dest.join("f")).unwrap(), b"new");
        assert!(dest.join("d/x").exists() && is_opaque(&dest.join("d")));
    }
}

#[test]
fn overlays_own_attributes_are_not_taken_from_an_archive() {
    let evil = [
        ("SCHILY.xattr.trusted.overlay.redirect", "/etc"),
        ("SCHILY.xattr.user.overlay.opaque", "y"),
        ("SCHILY.xattr.user.fine", "1"),
    ];
    let (_s, dest) = unpacked(Archive::default().pax(&evil).dir("d").pax(&evil).file("f", b""));
    for name in ["d", "f"] {
        assert_eq!(
            xattrs(&dest.join(name)),
            [("user.fine".to_owned(), b"1".to_vec())],
            "{name}"
        );
    }
}

#[test]
fn a_layer_with_whiteouts_survives_the_round_trip() {
    let layer = Archive::default()
        .dir("d")
        .file("d/.wh.gone", b"")
        .dir("e")
        .file("e/.wh..wh..opq", b"")
        .file("e/kept", b"x")
        .file(".wh.top", b"");
    let (scratch, dest) = unpacked(layer);
    let (packed, bytes) = layer_tar(&dest, "none");
    assert_eq!(packed.t, "done");
    let again = scratch.dir("again");
    assert_eq!(unpack(&bytes, &again).t, "done");
    // A whiteout's own times mean nothing.
    let plain = |lines: Vec<String>| {
        lines
            .into_iter()
            .map(|l| {
                if l.contains(" 20000 ") {
                    l.split(' ').next().unwrap().to_owned()
                } else {
                    l
                }
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(plain(listing(&again)), plain(listing(&dest)));
    assert!(is_whiteout(&again.join("top")) && is_opaque(&again.join("e")));
}
