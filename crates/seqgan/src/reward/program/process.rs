//! One running program: its pipes, the threads that serve them, and its end.

use super::last_words::LastWords;
use super::protocol::{self, Answer};
use std::io::{self, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

/// How long a program may take to end after its input was closed, or to say more after a pipe broke.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// How often it is asked whether a silent program still lives.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// Answers that wait to be fetched; the program waits when there are more, so that a flood needs no memory.
const MAX_WAITING: usize = 1024;

/// What a program does.
#[derive(Debug)]
pub(super) enum Event {
    /// It wrote a line.
    Answer(Answer),
    /// It does not read what was written to it.
    InputBroken,
    /// No answers can come any more.
    OutputEnded,
}

/// A program that was started. The threads end with the pipes; none is waited for, because a descendant that left the
/// process group could hold a pipe open for ever.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// To the thread that writes: a program that answers before it has read everything would wait for us to read,
    /// and we for it to read.
    input: Option<Sender<Vec<u8>>>,
    /// Until when it may end by itself, once its input is closed.
    grace_end: Option<Instant>,
    events: Receiver<Event>,
    last_words: LastWords,
    /// Whether it ever gave an answer.
    pub(super) has_answered: bool,
    is_over: bool,
}

impl Process {
    /// Starts `command`, whose first element is the program.
    pub(super) fn start(command: &[String]) -> io::Result<Self> {
        let no_command = || io::Error::new(io::ErrorKind::InvalidInput, "no program is named");
        let (program, arguments) = command.split_first().ok_or_else(no_command)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        group::lead(&mut command);
        let mut child = command.spawn()?;

        let (jobs_sender, jobs) = channel();
        let (sender, events) = sync_channel(MAX_WAITING);
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = child.stdout.take().expect("it is piped");
        let last_words = LastWords::of(child.stderr.take().expect("it is piped"));
        let writer_sender = sender.clone();
        std::thread::spawn(move || write_all(stdin, jobs, writer_sender));
        std::thread::spawn(move || read_all(stdout, sender));
        Ok(Self {
            child,
            input: Some(jobs_sender),
            grace_end: None,
            events,
            last_words,
            has_answered: false,
            is_over: false,
        })
    }

    /// Hands over lines; [`Process::next_event`] says whether they arrived.
    pub(super) fn send(&self, lines: Vec<u8>) {
        if let Some(input) = &self.input {
            // A writer that is gone has left `InputBroken` behind.
            let _ = input.send(lines);
        }
    }

    /// Says that no more lines will come. The thread that writes closes the pipe, once it has written the last one.
    /// Returns until when the program may end by itself.
    pub(super) fn close_input(&mut self) -> Instant {
        self.input = None;
        *self.grace_end.get_or_insert_with(|| Instant::now() + GRACE)
    }

    /// What has happened already.
    pub(super) fn waiting_event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// What happens next; `None` when nothing happens before `deadline`.
    pub(super) fn next_event(&mut self, deadline: Instant) -> Option<Event> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left.min(HEARTBEAT)) {
                Ok(event) => return Some(event),
                Err(RecvTimeoutError::Disconnected) => return Some(Event::OutputEnded),
                // It is dead, but a child of its own holds the pipe: only what it had said may still arrive.
                Err(RecvTimeoutError::Timeout) if self.has_exited() => {
                    return Some(self.events.recv_timeout(HEARTBEAT).unwrap_or(Event::OutputEnded));
                }
                Err(RecvTimeoutError::Timeout) if left <= HEARTBEAT => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn has_exited(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Closes its input and gives it a moment to end by itself; the status, if it did. Nothing is left afterwards.
    pub(super) fn end(&mut self) -> Option<ExitStatus> {
        let deadline = self.close_input();
        let mut pause = Duration::from_millis(1);
        while !self.has_exited() && Instant::now() < deadline {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        let status = self.child.try_wait().ok().flatten();
        self.kill();
        status
    }

    /// Kills it with its descendants, and leaves no zombie.
    pub(super) fn kill(&mut self) {
        if !self.is_over {
            // If it has been waited for, its number still belongs to the group while the group has members, and is not
            // given to another process at once when it has none.
            group::kill(self.child.id());
            // Also where there are no groups; it does nothing to a process that has been waited for.
            let _ = self.child.kill();
            let _ = self.child.wait();
            self.is_over = true;
        }
    }

    /// The end of its standard error, for a message; call it when the process is over.
    pub(super) fn last_words(&self) -> String {
        match self.last_words.wait(GRACE).as_str() {
            "" => "it wrote nothing to its standard error".into(),
            words => format!("its standard error ends with\n{words}"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.is_over {
            self.end();
        }
    }
}

fn write_all(mut stdin: ChildStdin, jobs: Receiver<Vec<u8>>, events: SyncSender<Event>) {
    for lines in jobs {
        if stdin.write_all(&lines).and_then(|()| stdin.flush()).is_err() {
            let _ = events.send(Event::InputBroken);
            return;
        }
    }
}

fn read_all(stdout: ChildStdout, events: SyncSender<Event>) {
    let mut output = BufReader::new(stdout);
    while let Some(answer) = protocol::next_answer(&mut output) {
        // An endless line would give a rubbish answer every 64 KiB; nobody listens after the first.
        if events.send(Event::Answer(answer)).is_err() {
            return;
        }
    }
    let _ = events.send(Event::OutputEnded);
}

/// A program and its descendants as one group, so that none outlives a time-out; a terminal's interrupt, which is for
/// us, does not reach them either.
#[cfg(unix)]
mod group {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    pub(super) fn lead(command: &mut Command) {
        command.process_group(0);
    }

    /// std has no kill for a group. The shell's own is used: every system has it, the program `kill` some have not.
    pub(super) fn kill(leader: u32) {
        let mut shell = Command::new("sh");
        shell.args(["-c", "kill -s KILL -- \"-$1\"", "kill-group", &leader.to_string()]);
        let _ = shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

#[cfg(not(unix))]
mod group {
    pub(super) fn lead(_: &mut std::process::Command) {}
    pub(super) fn kill(_: u32) {}
}
