//! Control connections: accepting, frames in, answers and events out.

use std::os::fd::OwnedFd;

use hbx_protocol::control::{Answer, AttachOptions, Event, ExecState, Request, Resize, Signal, State};
use hbx_protocol::hello::{self, Hello};
use hbx_protocol::messages::Failed;
use hbx_protocol::{Failure, frame, steps};
use serde::Serialize;

use super::client::Client;
use super::token::Token;
use super::{PIECE, Phase, Shim};
use crate::sys::{epoll, fd, message, process, terminal};

/// Grown for attached clients: output then goes in few large pieces.
const STREAM_SEND_BUFFER: i32 = 1024 * 1024;

impl Shim {
    pub fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        let Ok((stream, _)) = listener.accept() else { return };
        if stream.set_nonblocking(true).is_err() {
            return;
        }
        let i = self.clients.iter().position(Option::is_none).unwrap_or_else(|| {
            self.clients.push(None);
            self.clients.len() - 1
        });
        self.clients[i] = Some(Client::new(OwnedFd::from(stream)));
        self.watch_client(i);
        self.send(i, &Hello::ours("shim"));
    }

    /// Tells epoll what this client waits for now.
    pub fn watch_client(&mut self, i: usize) {
        self.watch_output(i);
        let Some(client) = self.clients.get(i).and_then(Option::as_ref) else {
            return;
        };
        let wanted = client.wants(self.input_possible(client));
        let token = Token::Client(i).pack();
        let result = match (client.watched, wanted) {
            (Some(now), Some(then)) if now == then => return,
            (Some(_), Some(then)) => self.epoll.change(&client.fd, then, token),
            (None, Some(then)) => self.epoll.add(&client.fd, then, token),
            (Some(_), None) => {
                self.epoll.remove(&client.fd);
                Ok(())
            }
            (None, None) => return,
        };
        match (result, &mut self.clients[i]) {
            (Ok(()), Some(client)) => client.watched = wanted,
            _ => self.drop_client(i),
        }
    }

    /// Watches the socket that a client passed as long as it takes no more.
    fn watch_output(&mut self, i: usize) {
        let Some(client) = self.clients.get_mut(i).and_then(Option::as_mut) else {
            return;
        };
        let Some((output, blocked)) = client.output() else {
            return;
        };
        if blocked == client.output_watched {
            return;
        }
        let token = Token::Output(i).pack();
        if !blocked {
            self.epoll.remove(output);
        } else if self.epoll.add(output, epoll::OUT, token).is_err() {
            return self.drop_client(i);
        }
        client.output_watched = blocked;
    }

    pub fn output_is_writable(&mut self, i: usize, events: u32) {
        let Some(client) = self.clients.get_mut(i).and_then(Option::as_mut) else {
            return;
        };
        let gone = events & (epoll::ERR | epoll::HUP) != 0;
        if gone || client.flush().is_err() || (client.closing && !client.behind()) {
            return self.drop_client(i);
        }
        let stream = client.stream;
        self.watch_output(i);
        if let Some((workload, _)) = stream {
            self.resume(workload);
        }
    }

    pub fn send(&mut self, i: usize, message: &impl Serialize) {
        let bytes = frame::encode(message);
        let Some(client) = self.clients.get_mut(i).and_then(Option::as_mut) else {
            return;
        };
        match client.send(&bytes) {
            Ok(()) => self.watch_client(i),
            Err(_) => self.drop_client(i),
        }
    }

    pub fn announce(&mut self, event: &Event) {
        for i in 0..self.clients.len() {
            if self.clients[i]
                .as_ref()
                .is_some_and(|client| client.subscribed && client.stream.is_none())
            {
                self.send(i, event);
            }
        }
    }

    pub fn drop_client(&mut self, i: usize) {
        let Some(client) = self.clients[i].take() else { return };
        self.epoll.remove(&client.fd);
        if let (Some((output, _)), true) = (client.output(), client.output_watched) {
            self.epoll.remove(output); // closing would not do: others have it open
        }
        if self.starter == Some(i) {
            self.starter = None;
            if self.phase == Phase::Spare {
                self.abandon();
            }
        }
        if let Some((workload, options)) = client.stream {
            if options.stdin && !client.input_ended {
                self.end_input(workload);
            }
            self.resume(workload);
        }
    }

    pub fn serve_client(&mut self, i: usize, events: u32) {
        let Some(client) = self.clients.get_mut(i).and_then(Option::as_mut) else {
            return;
        };
        if events & epoll::ERR != 0 {
            return self.drop_client(i);
        }
        if events & epoll::HUP != 0 {
            client.hung_up = true;
            client.forget_pending();
        }
        if client.flush().is_err() || (client.closing && !client.behind()) {
            return self.drop_client(i);
        }
        let stream = client.stream;
        if events & (epoll::IN | epoll::RDHUP | epoll::HUP) != 0 {
            match stream {
                Some((workload, options)) => self.read_input(i, workload, options),
                None => self.read_frames(i),
            }
        }
        if let Some((workload, _)) = stream {
            self.resume(workload);
        }
        self.watch_client(i);
    }

    fn read_frames(&mut self, i: usize) {
        let Some(client) = self.clients[i].as_mut() else { return };
        let into = &mut self.buffer.bytes()[..PIECE];
        match message::receive(&client.fd, into) {
            Ok((0, _)) => return self.drop_client(i),
            Ok((n, mut fds)) => {
                client.passed = fds.pop().or(client.passed.take());
                client.received.extend_from_slice(&into[..n]);
            }
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return,
            Err(_) => return self.drop_client(i),
        }
        self.last_traffic = std::time::Instant::now();
        self.take_frames(i);
    }

    /// Handles every complete frame that has arrived, until the connection turns into a stream.
    pub fn take_frames(&mut self, i: usize) {
        loop {
            let Some(client) = self.clients[i].as_mut().filter(|client| client.stream.is_none()) else {
                return;
            };
            let Some(prefix) = client.received.first_chunk::<4>() else {
                return;
            };
            let length = match frame::body_length(*prefix) {
                Ok(length) => length,
                Err(failure) => return self.refuse(i, &failure),
            };
            if client.received.len() < 4 + length {
                return;
            }
            let rest = client.received.split_off(4 + length);
            let whole = std::mem::replace(&mut client.received, rest);
            if let Err(failure) = self.handle(i, &whole[4..]) {
                return self.refuse(i, &failure);
            }
        }
    }

    /// The answer to what is not our protocol: `failed`, then the end of the connection.
    fn refuse(&mut self, i: usize, failure: &Failure) {
        self.send(i, &Failed::new(None, failure));
        self.drop_client(i);
    }

    /// An error is a breach of the protocol; a request that cannot be done is answered here.
    fn handle(&mut self, i: usize, body: &[u8]) -> Result<(), Failure> {
        let Some(client) = self.clients[i].as_mut() else {
            return Ok(());
        };
        if !client.greeted {
            hello::check(body)?;
            client.greeted = true;
            return Ok(());
        }
        let head = frame::head(body)?;
        if head.t == "start" && self.starter == Some(i) && self.phase == Phase::Spare {
            self.start(body);
            return Ok(());
        }
        let request = Request::parse(head.t, body)?;
        let seq = head.seq;
        match self.answer(i, seq, request, body) {
            Ok(Some(t)) => self.send(i, &Answer { t, seq }),
            Ok(None) => {}
            Err(failure) => self.send(i, &Failed::new(seq, &failure)),
        }
        Ok(())
    }

    /// The word to answer with; `None`: was answered, or will be later.
    fn answer(
        &mut self,
        i: usize,
        seq: Option<u32>,
        request: Request,
        body: &[u8],
    ) -> Result<Option<&'static str>, Failure> {
        match request {
            Request::State => self.send_state(i, seq),
            Request::Signal(signal) => return self.signal(&signal).map(|()| Some("ok")),
            Request::Resize(resize) => return self.resize(&resize).map(|()| Some("ok")),
            Request::Update(update) => return crate::cgroup::apply(&update.writes).map(|()| Some("ok")),
            Request::CloseStdin(close) => {
                let workload = self.find(close.exec_id.as_deref())?;
                self.close_input(workload);
                return Ok(Some("ok"));
            }
            Request::Subscribe => {
                if let Some(client) = &mut self.clients[i] {
                    client.subscribed = true;
                }
                return Ok(Some("ok"));
            }
            Request::Attach(attach) => {
                // Before the start there is no workload yet, but its number is known.
                let workload = match (self.phase, &attach.exec_id) {
                    (Phase::Spare | Phase::Starting, None) => 0,
                    (_, id) => self.find(id.as_deref())?,
                };
                self.send(i, &Answer { t: "attached", seq });
                self.attach(i, workload, attach.options);
            }
            Request::Exec(exec) => self.exec(i, seq, *exec, body)?,
        }
        Ok(None)
    }

    /// Turns a connection into a workload's stream.
    pub fn attach(&mut self, i: usize, workload: usize, options: AttachOptions) {
        let tty = self
            .workloads
            .get(workload)
            .and_then(Option::as_ref)
            .is_some_and(|w| w.stdio.tty);
        let Some(client) = &mut self.clients[i] else { return };
        client.stream = Some((
            workload,
            AttachOptions {
                mux: options.mux && !tty,
                ..options
            },
        ));
        client.take_output();
        fd::grow_send_buffer(client.target(), STREAM_SEND_BUFFER);
        self.forward_input(i);
        self.watch_client(i);
    }

    pub fn find(&self, exec_id: Option<&str>) -> Result<usize, Failure> {
        let found = self.workloads.iter().position(|workload| {
            workload
                .as_ref()
                .is_some_and(|w| w.exec_id == exec_id.unwrap_or("") && w.running())
        });
        found.ok_or_else(|| match exec_id {
            Some(id) => Failure::new(steps::NO_SUCH_EXEC, libc::ESRCH).saying(id),
            None => Failure::new(steps::NOT_RUNNING, libc::ESRCH),
        })
    }

    fn signal(&mut self, signal: &Signal) -> Result<(), Failure> {
        // It may be the beginning of a restart, which mounts the same upper directory.
        self.mounts = None;
        let workload = self.find(signal.exec_id.as_deref())?;
        let result = match (&self.workloads[workload], signal.all.unwrap_or(false)) {
            (Some(_), true) => self.cgroup.signal_all(signal.signo, self.holder.pid),
            (Some(workload), false) => process::kill(workload.pid, signal.signo),
            (None, _) => Ok(()),
        };
        result.map_err(|e| Failure::io(steps::SIGNAL, &e))
    }

    fn resize(&self, resize: &Resize) -> Result<(), Failure> {
        let workload = self.find(resize.exec_id.as_deref())?;
        let terminal = self.workloads[workload].as_ref().and_then(|w| w.terminal.as_ref());
        let terminal = terminal.ok_or_else(|| Failure::new(steps::RESIZE, libc::ENOTTY))?;
        terminal::set_size(terminal, resize.rows, resize.cols).map_err(|e| Failure::io(steps::RESIZE, &e))
    }

    fn send_state(&mut self, i: usize, seq: Option<u32>) {
        let phase = match self.phase {
            Phase::Spare | Phase::Starting => "spare",
            Phase::Running => "running",
            Phase::Exited => "exited",
        };
        let running = self
            .workloads
            .iter()
            .skip(1)
            .flatten()
            .filter(|w| w.exit_code.is_none());
        let running = running.map(|w| ExecState {
            exec_id: &w.exec_id,
            pid: w.pid,
            running: true,
            exit_code: None,
        });
        let ended = self.ended_execs.iter();
        let ended = ended.map(|(id, pid, code)| ExecState {
            exec_id: id,
            pid: *pid,
            running: false,
            exit_code: Some(*code),
        });
        let state = State {
            t: "state",
            seq,
            phase,
            pid: self.workloads.first().and_then(Option::as_ref).map_or(0, |w| w.pid),
            start_time_ns: self.start_time_ns,
            execs: running.chain(ended).collect(),
            exit: self.exit.as_ref(),
            oom_killed: self.oom_killed,
        };
        let bytes = frame::encode(&state);
        let Some(client) = &mut self.clients[i] else { return };
        if client.send(&bytes).is_err() {
            self.drop_client(i);
        }
    }
}
