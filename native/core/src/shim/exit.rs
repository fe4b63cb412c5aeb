//! Ends: reaping, the exit file, the announcement.

use std::fs;

use hbx_protocol::control::{Event, Exit};
use hbx_protocol::plan::NamespaceSource;

use super::{Phase, Shim};
use crate::sys::{clone, fd, process};

impl Shim {
    pub fn reap(&mut self) {
        while matches!(fd::read(&self.signals, &mut [0; 1280]), Ok(n) if n > 0) {}
        while let Some((pid, status)) = clone::reap_any() {
            if self.newborn.as_ref().is_some_and(|newborn| newborn.pid == pid) {
                self.newborn = None;
            }
            let ended = self
                .workloads
                .iter()
                .position(|w| w.as_ref().is_some_and(|w| w.pid == pid && w.exit_code.is_none()));
            if let Some(w) = ended {
                self.ended(w, status);
            }
        }
    }

    fn ended(&mut self, w: usize, status: i32) {
        let (code, signal) = clone::exit_code(status);
        if let Some(workload) = &mut self.workloads[w] {
            workload.exit_code = Some(code); // from here on its pid is nobody's
        }
        // What it reported before its exec, or that the exec happened at all, may not have been read yet.
        self.read_report(w);
        if self.workloads[w]
            .as_ref()
            .is_some_and(|workload| workload.launch.is_some())
        {
            self.launched(w);
        }
        match &self.workloads[w] {
            None => {} // its setup failed and was answered
            Some(_) if w > 0 => self.exec_ended(w, code),
            Some(_) => self.init_ended(code, signal),
        }
    }

    fn init_ended(&mut self, code: i32, signal: Option<i32>) {
        // Without a pid namespace of its own, what it started lives on.
        if self
            .namespaces
            .as_ref()
            .is_some_and(|namespaces| namespaces.pid != NamespaceSource::New)
        {
            self.cgroup.sweep(self.holder.pid);
        }
        if let Some(workload) = self.workloads[0].as_mut() {
            workload.exit_code = Some(code);
            workload.sink = None;
            workload.terminal = None;
        }
        self.drain(0);
        if let Some(log) = &mut self.log {
            log.cut();
        }
        self.notice_oom(); // told before the exit, even when both are seen at once
        let mut exit = Exit {
            code,
            signal,
            oom_killed: self.oom_killed,
            finished_at_ns: process::now_ns(),
            error: None,
        };
        if let Err(e) = write_exit(&self.exit_file, &exit) {
            exit.error = Some(format!("Cannot write the exit file: {e}"));
        }
        self.phase = Phase::Exited;
        self.announce(&Event::Exited { exit: &exit });
        self.exit = Some(exit);
        self.close_streams(0);
        self.mounts = None;
        self.clean_up();
    }

    /// Closes the streams of an ended workload, each as soon as it has delivered everything.
    pub fn close_streams(&mut self, w: usize) {
        for i in 0..self.clients.len() {
            let Some(client) = &mut self.clients[i] else { continue };
            if client.stream.is_some_and(|(of, _)| of == w) {
                client.closing = true;
                client.input_ended = true;
                client.received = Vec::new();
                if client.behind() {
                    self.watch_client(i)
                } else {
                    self.drop_client(i)
                }
            }
        }
    }
}

/// Written under another name first: a reader sees the whole or nothing.
fn write_exit(path: &str, exit: &Exit) -> std::io::Result<()> {
    let draft = format!("{path}.new");
    let file = fs::File::from(fd::open(
        &draft,
        libc::O_WRONLY | libc::O_CREAT | libc::O_NOFOLLOW,
        0o640,
    )?);
    // Usually it was made ahead, empty. To truncate that would have ext4 write it to the disk as it is closed.
    if file.metadata()?.len() > 0 {
        file.set_len(0)?;
    }
    fd::write_all(&file, exit.to_json().as_bytes())?;
    fs::rename(&draft, path)
}
