//! A tree with everything a layer can hold survives layerTar and unpack unchanged.
#[path = "support/everything.rs"]
mod everything;
#[allow(dead_code)]
mod support;
use everything::{run, tree};
use std::fs;
use std::path::Path;
use support::{Scratch, layer_tar, listing, unpack};

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
