//! The last lines of a program's standard error.

use std::io::Read;
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const MAX_LINES: usize = 5;
const MAX_BYTES: usize = 1000;

/// Read by a thread of its own from the start, so that a program that writes much there never waits for us.
#[derive(Debug)]
pub(super) struct LastWords {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Says nothing; it is disconnected when the stream has ended.
    end: Receiver<()>,
}

impl LastWords {
    pub(super) fn of(stderr: ChildStderr) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (end_sender, end) = channel();
        let writer = Arc::clone(&kept);
        std::thread::spawn(move || keep_last(stderr, &writer, end_sender));
        Self { kept, end }
    }

    /// What has been kept when the stream ends; `patience` is for a stream that somebody else holds open.
    pub(super) fn wait(&self, patience: Duration) -> String {
        let _ = self.end.recv_timeout(patience);
        readable(&self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn keep_last(mut stderr: impl Read, kept: &Mutex<Vec<u8>>, _end: Sender<()>) {
    let mut chunk = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut chunk) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&chunk[..length]);
        let surplus = kept.len().saturating_sub(MAX_BYTES);
        kept.drain(..surplus);
    }
}

/// The last lines, without what would move a terminal's cursor.
fn readable(bytes: &[u8]) -> String {
    // The cut may have gone through a character, whose other bytes say nothing.
    let start = bytes.iter().take(3).take_while(|&&byte| byte & 0xC0 == 0x80).count();
    let text = String::from_utf8_lossy(&bytes[start..]);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let last = lines[lines.len().saturating_sub(MAX_LINES)..].join("\n");
    last.replace(|c: char| c.is_control() && c != '\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(bytes: &[u8]) -> String {
        let kept = Mutex::new(Vec::new());
        keep_last(bytes, &kept, channel().0);
        readable(&kept.into_inner().unwrap())
    }

    #[test]
    fn at_most_five_lines_and_1000_bytes() {
        assert_eq!(kept(b""), "");
        assert_eq!(kept(b"1\n2\n3\n4\n5\n6\n\n"), "2\n3\n4\n5\n6");
        assert_eq!(kept("x".repeat(10_000).as_bytes()), "x".repeat(1000));
        assert_eq!(kept(format!("{}y", "é".repeat(5000)).as_bytes()), format!("{}y", "é".repeat(499)));
        assert_eq!(kept(b"\x1b[31mred\r\n"), " [31mred");
    }
}
