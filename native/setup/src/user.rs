//! Who the process is: Docker's `user[:group]`, by number or by name in the container's own /etc/passwd and /etc/group.
//! The names can only be looked up here, where the root filesystem is mounted and links end inside it.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;

use hbx_protocol::{Failure, steps};

use crate::{fs, sys};

const STEP: &str = steps::USER;
const MAX_BYTES: u64 = 1024 * 1024;
/// The greatest id that Docker takes. The kernel reads 2^32 - 1 as "leave it as it is", which would mean root.
const MAX_ID: u32 = i32::MAX as u32;

#[derive(Debug, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub home: String,
}

struct Account<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

/// Looks `user` (as Docker takes it) and the added groups up in the files of the current root.
pub fn identify(user: &str, added: &[String]) -> Result<Identity, Failure> {
    resolve(user, added, &read("/etc/passwd"), &read("/etc/group"))
}

fn read(path: &str) -> String {
    let mut text = Vec::new();
    // A file that is missing, larger than anybody needs, or not a file at all counts as empty. Opening doesn't wait for
    // the other end of a FIFO that an image has put here, nor take a terminal.
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY;
    if let Ok(root) = sys::open_host("/", libc::O_PATH | libc::O_DIRECTORY)
        && let Ok(file) = fs::open(root.as_fd(), path, flags).map(File::from)
        && file.metadata().is_ok_and(|meta| meta.is_file())
    {
        let _ = file.take(MAX_BYTES).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

pub fn resolve(user: &str, added: &[String], passwd: &str, group: &str) -> Result<Identity, Failure> {
    let (user, group_word) = match user.split_once(':') {
        Some((user, group)) => (user, Some(group).filter(|word| !word.is_empty())),
        None => (user, None),
    };
    let user = if user.is_empty() { "0" } else { user };
    let account = accounts(passwd).find(|account| account.name == user).or_else(|| {
        let uid: u32 = user.parse().ok()?;
        accounts(passwd).find(|account| account.uid == uid)
    });
    let uid = match (&account, user.parse::<u32>()) {
        (Some(account), _) => account.uid,
        (None, Ok(number)) => number,
        (None, Err(_)) => {
            return Err(missing(format!(
                "unable to find user {user}: no matching entries in passwd file"
            )));
        }
    };
    let gid = match group_word {
        Some(word) => group_id(word, group)?,
        None => account.as_ref().map_or(0, |account| account.gid),
    };
    // An explicit group replaces the memberships, as Docker has it.
    let mut groups: Vec<u32> = match (&account, group_word) {
        (Some(account), None) => memberships(group, account.name),
        _ => Vec::new(),
    };
    for word in added {
        groups.push(group_id(word, group)?);
    }
    // Left out, a file could be closed to the primary group and still open to this process.
    groups.push(gid);
    if let Some(id) = groups.iter().chain([&uid]).find(|id| **id > MAX_ID) {
        return Err(missing(format!("id {id} is out of range: 0 to {MAX_ID} is expected")));
    }
    groups.sort_unstable();
    groups.dedup();
    let home = account.map_or("/", |account| account.home);
    Ok(Identity {
        uid,
        gid,
        groups,
        home: if home.is_empty() {
            "/".to_owned()
        } else {
            home.to_owned()
        },
    })
}

fn accounts(passwd: &str) -> impl Iterator<Item = Account<'_>> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let home = fields.nth(1).unwrap_or("");
        Some(Account { name, uid, gid, home })
    })
}

fn group_id(word: &str, group: &str) -> Result<u32, Failure> {
    let by_name = group.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == word).then(|| fields.nth(1)?.parse().ok())?
    });
    by_name.or_else(|| word.parse().ok()).ok_or_else(|| {
        missing(format!(
            "unable to find group {word}: no matching entries in group file"
        ))
    })
}

fn memberships(group: &str, user: &str) -> Vec<u32> {
    group
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let gid = fields.nth(2)?.parse().ok()?;
            fields.next()?.split(',').any(|member| member == user).then_some(gid)
        })
        .collect()
}

fn missing(message: String) -> Failure {
    Failure::new(STEP, 0).saying(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/srv/app:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\nstaff:x:50:app,other\nwheel:x:10:root,app\nbad:x:z:app\n";

    fn who(user: &str) -> Result<Identity, Failure> {
        resolve(user, &[], PASSWD, GROUP)
    }

    #[test]
    fn names_and_numbers_find_the_same_account() {
        let expected = Identity {
            uid: 1000,
            gid: 1001,
            groups: vec![10, 50, 1001],
            home: "/srv/app".to_owned(),
        };
        assert_eq!(who("app").unwrap(), expected);
        assert_eq!(who("1000").unwrap(), expected);
    }

    #[test]
    fn empty_is_root_and_unknown_numbers_are_taken() {
        assert_eq!(
            who("").unwrap(),
            Identity {
                uid: 0,
                gid: 0,
                groups: vec![0, 10],
                home: "/root".to_owned()
            }
        );
        assert_eq!(
            who("77").unwrap(),
            Identity {
                uid: 77,
                gid: 0,
                groups: vec![0],
                home: "/".to_owned()
            }
        );
    }

    #[test]
    fn a_named_group_replaces_the_memberships() {
        assert_eq!(who("app:staff").unwrap().gid, 50);
        assert_eq!(who("app:staff").unwrap().groups, [50]);
        assert_eq!(
            who("5:6").unwrap(),
            Identity {
                uid: 5,
                gid: 6,
                groups: vec![6],
                home: "/".to_owned()
            }
        );
    }

    #[test]
    fn added_groups_come_on_top() {
        assert_eq!(
            resolve("app", &["staff".into(), "99".into()], PASSWD, GROUP)
                .unwrap()
                .groups,
            [10, 50, 99, 1001]
        );
    }

    #[test]
    fn ids_that_the_kernel_reads_as_unchanged_are_refused() {
        for user in ["4294967295", "0:4294967295", "2147483648"] {
            assert!(
                who(user).unwrap_err().message.unwrap().contains("out of range"),
                "{user}"
            );
        }
        assert!(resolve("evil", &[], "evil:x:4294967295:0::/:\n", "").is_err());
        assert!(resolve("0", &["4294967295".into()], "", "").is_err());
    }

    #[test]
    fn unknown_names_are_refused_with_docker_s_words() {
        assert!(
            who("nobody")
                .unwrap_err()
                .message
                .unwrap()
                .contains("no matching entries in passwd file")
        );
        assert!(
            who("app:none")
                .unwrap_err()
                .message
                .unwrap()
                .contains("no matching entries in group file")
        );
    }
}
