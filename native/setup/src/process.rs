//! From root of the container to the planned identity, for its init and for exec'd processes alike.

use std::io;
use std::os::fd::BorrowedFd;

use hbx_protocol::plan::{ProcessPlan, Rlimit, RlimitName, SeccompPlan};
use hbx_protocol::{Failure, Timings, steps};

use crate::program::Program;
use crate::user::{self, Identity};
use crate::{capabilities, cwd, stdio, sys, validate};

pub struct Context<'a> {
    /// A user namespace, or a pidfd of a process in it.
    pub userns: Option<BorrowedFd<'a>>,
    pub die_with_parent: bool,
}

pub struct Ready(Program);

impl Ready {
    /// execve; returns only on failure.
    pub fn exec(&self) -> Failure {
        self.0.exec()
    }
}

/// Applies everything but the execve. The order matters: what needs a privilege comes before it goes, the filter as
/// late as it can, so that it needs to allow nothing but what the program itself does.
pub fn apply(process: &ProcessPlan, context: &Context, timings: &mut Timings) -> Result<Ready, Failure> {
    validate::check_process(process)?;
    sys::prctl(libc::PR_SET_DUMPABLE, 0).map_err(|e| Failure::io(steps::DUMPABLE, &e))?;
    if let Some(userns) = context.userns {
        // Both need privileges over the machine's first user namespace, or over a user that is not mapped.
        process.rlimits.iter().try_for_each(set_rlimit)?;
        stdio::open_to_all().map_err(|e| Failure::io(steps::STDIO, &e))?;
        sys::setns(userns, libc::CLONE_NEWUSER).map_err(|e| Failure::io(steps::USER_NAMESPACE, &e))?;
        become_user(0, 0).map_err(|e| Failure::io(steps::USER_NAMESPACE, &e))?;
    }
    sys::join_new_session_keyring().map_err(|e| Failure::io(steps::SESSION_KEYRING, &e))?;
    let named = |failure: Failure| failure.at(&process.user);
    let identity = user::identify(&process.user, &process.groups).map_err(named)?;
    check_mapped(&identity).map_err(named)?;
    let program = Program::new(process, &identity.home)?;
    timings.mark("user");
    if process.create_cwd {
        cwd::make(&process.cwd, &identity)?;
    }
    let entered = cwd::enter(&process.cwd, true)?;
    if context.userns.is_none() {
        stdio::give_to(identity.uid).map_err(|e| Failure::io(steps::STDIO, &e))?;
        process.rlimits.iter().try_for_each(set_rlimit)?;
    }
    capabilities::bound(&process.capabilities)?;
    change_identity(&identity, &process.groups)?;
    if !entered {
        cwd::enter(&process.cwd, false)?;
    }
    if context.die_with_parent {
        // A change of identity has cleared it.
        sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong)
            .map_err(|e| Failure::io(steps::PARENT_DIED, &e))?;
    }
    if let Some(mask) = process.umask {
        // SAFETY: umask cannot fail.
        unsafe { libc::umask(mask) };
    }
    close_on_exec().map_err(|e| Failure::io(steps::CLOSE_RANGE, &e))?;
    if process.no_new_privileges {
        sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1).map_err(|e| Failure::io(steps::NO_NEW_PRIVILEGES, &e))?;
        capabilities::apply(&process.capabilities, identity.uid == 0)?;
        process.seccomp.as_ref().map_or(Ok(()), install_filter)?;
    } else {
        if let Some(seccomp) = &process.seccomp {
            // Without no_new_privs the filter needs CAP_SYS_ADMIN, so it has to come before the capabilities go.
            capabilities::raise_all()?;
            install_filter(seccomp)?;
        }
        capabilities::apply(&process.capabilities, identity.uid == 0)?;
    }
    timings.mark("identity");
    Ok(Ready(program))
}

fn become_user(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: plain numbers.
    unsafe {
        if libc::setresgid(gid, gid, gid) < 0 || libc::setresuid(uid, uid, uid) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// An id that the user namespace does not have cannot be taken; said here, where it is known what was asked for.
fn check_mapped(identity: &Identity) -> Result<(), Failure> {
    const NOBODY: u32 = u32::MAX;
    // SAFETY: plain numbers. Both take an unmapped id for a question and answer with the id before; root's is put back.
    let mapped = unsafe {
        libc::setfsgid(identity.gid);
        libc::setfsuid(identity.uid);
        let seen = (libc::setfsuid(NOBODY) as u32, libc::setfsgid(NOBODY) as u32);
        libc::setfsuid(0);
        libc::setfsgid(0);
        seen == (identity.uid, identity.gid)
    };
    if mapped {
        return Ok(());
    }
    let text = format!(
        "the daemon's user namespace lacks the id: uid {}, gid {}",
        identity.uid, identity.gid
    );
    Err(Failure::new(steps::USER, libc::EINVAL).saying(text))
}

fn change_identity(identity: &Identity, added: &[String]) -> Result<(), Failure> {
    let failing = |e: io::Error| Failure::io(steps::IDENTITY, &e).at(format!("{}:{}", identity.uid, identity.gid));
    // SAFETY: the list and its length belong together.
    let result = unsafe { libc::setgroups(identity.groups.len(), identity.groups.as_ptr()) };
    let error = io::Error::last_os_error();
    // A user namespace with one id may not change groups (setgroups is denied there): it has none to give away. What the
    // image's files say counts for nothing then; what was asked for is refused.
    let denied = error.raw_os_error() == Some(libc::EPERM) && sys::in_user_namespace();
    if result < 0 && denied && !added.is_empty() {
        let text = format!(
            "the daemon's user namespace allows no further groups: {}",
            added.join(", ")
        );
        return Err(Failure::new(steps::USER, libc::EPERM)
            .at(identity.uid.to_string())
            .saying(text));
    }
    if result < 0 && !denied {
        return Err(failing(error));
    }
    if identity.uid != 0 {
        sys::prctl(libc::PR_SET_KEEPCAPS, 1).map_err(failing)?;
    }
    become_user(identity.uid, identity.gid).map_err(failing)
}

fn set_rlimit(limit: &Rlimit) -> Result<(), Failure> {
    let resource = match limit.resource {
        RlimitName::As => libc::RLIMIT_AS,
        RlimitName::Core => libc::RLIMIT_CORE,
        RlimitName::Cpu => libc::RLIMIT_CPU,
        RlimitName::Data => libc::RLIMIT_DATA,
        RlimitName::Fsize => libc::RLIMIT_FSIZE,
        RlimitName::Locks => libc::RLIMIT_LOCKS,
        RlimitName::Memlock => libc::RLIMIT_MEMLOCK,
        RlimitName::Msgqueue => libc::RLIMIT_MSGQUEUE,
        RlimitName::Nice => libc::RLIMIT_NICE,
        RlimitName::Nofile => libc::RLIMIT_NOFILE,
        RlimitName::Nproc => libc::RLIMIT_NPROC,
        RlimitName::Rss => libc::RLIMIT_RSS,
        RlimitName::Rtprio => libc::RLIMIT_RTPRIO,
        RlimitName::Rttime => libc::RLIMIT_RTTIME,
        RlimitName::Sigpending => libc::RLIMIT_SIGPENDING,
        RlimitName::Stack => libc::RLIMIT_STACK,
    };
    let number = |value: i64| u64::try_from(value).unwrap_or(libc::RLIM_INFINITY);
    let pair = libc::rlimit {
        rlim_cur: number(limit.soft),
        rlim_max: number(limit.hard),
    };
    // SAFETY: `pair` outlives the call.
    if unsafe { libc::setrlimit(resource, &raw const pair) } < 0 {
        return Err(Failure::os(steps::RLIMIT).at(format!("{:?}", limit.resource).to_lowercase()));
    }
    Ok(())
}

fn install_filter(plan: &SeccompPlan) -> Result<(), Failure> {
    const SECCOMP_SET_MODE_FILTER: libc::c_ulong = 1;
    // The instructions are copied, so that they are aligned whatever the wire buffer was.
    let mut filter: Vec<libc::sock_filter> = plan
        .program
        .chunks_exact(8)
        .filter_map(|bytes| {
            let bytes: [u8; 8] = bytes.try_into().ok()?;
            let [c0, c1, jt, jf, k0, k1, k2, k3] = bytes;
            Some(libc::sock_filter {
                code: u16::from_ne_bytes([c0, c1]),
                jt,
                jf,
                k: u32::from_ne_bytes([k0, k1, k2, k3]),
            })
        })
        .collect();
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: `program` describes `filter`, and both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            SECCOMP_SET_MODE_FILTER,
            libc::c_ulong::from(plan.flags),
            &raw const program,
        )
    };
    if result < 0 {
        Err(Failure::os(steps::SECCOMP))
    } else {
        Ok(())
    }
}

/// No descriptor of ours survives the execve, whoever forgot one.
fn close_on_exec() -> io::Result<()> {
    const CLOSE_RANGE_CLOEXEC: u32 = 4;
    // SAFETY: marks descriptors only; closes nothing that is in use.
    if unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, CLOSE_RANGE_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
