//! Places in the middle of writes where tests kill the process or fill the disk.
//!
//! `SEQGAN_FAULT=kill:N` ends the process by SIGKILL at the Nth place that it comes to, `SEQGAN_FAULT=full:N` lets that and every later
//! place fail as a full disk does. Builds for use have no such places: they are compiled with debug assertions alone.

use std::io;

/// A place where a fault may be asked for.
#[cfg(not(debug_assertions))]
#[inline]
pub fn place() -> io::Result<()> {
    Ok(())
}

/// A place where a fault may be asked for.
#[cfg(debug_assertions)]
pub fn place() -> io::Result<()> {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static ASKED: OnceLock<Option<(bool, u64)>> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let asked = ASKED.get_or_init(|| {
        let text = std::env::var("SEQGAN_FAULT").ok()?;
        let (kind, number) = text.split_once(':').expect("SEQGAN_FAULT is KIND:N");
        Some((kind == "kill", number.parse().expect("SEQGAN_FAULT is KIND:N")))
    });
    let Some((kill, number)) = *asked else { return Ok(()) };
    let count = COUNT.fetch_add(1, Ordering::SeqCst) + 1;
    match kill {
        true if count == number => {
            let pid = std::process::id().to_string();
            std::process::Command::new("kill").args(["-KILL", &pid]).status().expect("kill");
            unreachable!("the process has been killed")
        }
        false if count >= number => Err(io::Error::from(io::ErrorKind::StorageFull)),
        _ => Ok(()),
    }
}
