//! Places where tests kill the process, fill the disk or spoil a number.
//!
//! `SEQGAN_FAULT=kill:N` ends the process by SIGKILL at the Nth place in the middle of a write, `full:N` lets that and every later such
//! place fail as a full disk does, `nan:N` makes the Nth loss or reward NaN. `no-lock:E` lets locks fail with the system's error
//! number E, `no-lock-file:E` the files that are to be locked. Builds for use know nothing of it: the faults
//! are compiled with debug assertions alone.

use std::io;

/// A place in the middle of a write.
#[inline]
pub fn place() -> io::Result<()> {
    #[cfg(debug_assertions)]
    if let Some(kind) = asked::now(&asked::PLACES, &["kill", "full"]) {
        if kind == "kill" {
            let pid = std::process::id().to_string();
            std::process::Command::new("kill").args(["-KILL", &pid]).status().expect("kill");
            unreachable!("the process has been killed");
        }
        return Err(io::Error::from(io::ErrorKind::StorageFull));
    }
    Ok(())
}

/// A number that may be spoilt.
#[inline]
pub fn number(x: f64) -> f64 {
    #[cfg(debug_assertions)]
    if asked::now(&asked::NUMBERS, &["nan"]).is_some() {
        return f64::NAN;
    }
    x
}

/// A lock that is about to be taken.
#[inline]
pub fn lock() -> io::Result<()> {
    #[cfg(debug_assertions)]
    if let Some(error) = asked::error("no-lock") {
        return Err(error);
    }
    Ok(())
}

/// A file that is about to be opened for a lock.
#[inline]
pub fn lock_file() -> io::Result<()> {
    #[cfg(debug_assertions)]
    if let Some(error) = asked::error("no-lock-file") {
        return Err(error);
    }
    Ok(())
}

#[cfg(debug_assertions)]
mod asked {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    pub static PLACES: AtomicU64 = AtomicU64::new(0);
    pub static NUMBERS: AtomicU64 = AtomicU64::new(0);
    static FAULT: OnceLock<Option<(String, u64)>> = OnceLock::new();

    /// The fault that was asked for, if it is one of `kinds`.
    fn fault(kinds: &[&str]) -> Option<&'static (String, u64)> {
        let asked = FAULT.get_or_init(|| {
            let text = std::env::var("SEQGAN_FAULT").ok()?;
            let (kind, number) = text.split_once(':').expect("SEQGAN_FAULT is KIND:N");
            Some((kind.to_string(), number.parse().expect("SEQGAN_FAULT is KIND:N")))
        });
        asked.as_ref().filter(|(kind, _)| kinds.contains(&kind.as_str()))
    }

    /// The system's error whose number was asked for.
    pub fn error(kind: &str) -> Option<std::io::Error> {
        fault(&[kind]).map(|&(_, number)| std::io::Error::from_raw_os_error(number as i32))
    }

    /// The fault that was asked for, if it is one of `kinds` and this is its turn.
    pub fn now(count: &AtomicU64, kinds: &[&str]) -> Option<&'static str> {
        let (kind, number) = fault(kinds)?;
        let reached = count.fetch_add(1, Ordering::SeqCst) + 1;
        let now = reached == *number || (kind == "full" && reached > *number);
        now.then_some(kind.as_str())
    }
}
