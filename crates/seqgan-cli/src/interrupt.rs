//! SIGINT and SIGTERM: the first asks the training to save and stop, a second one stops at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit status of a process that a signal ended, as shells count it.
const SIGNAL_STATUS: u8 = 128;

/// Remembers whether and by which signal the user asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    stop: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Takes both signals over. Only for commands that poll [`Interrupt::stop`]: the others should end as usual.
    pub fn install(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            // Handlers run in the order they are registered, so the first signal still finds the flag unset.
            flag::register_conditional_shutdown(
                signal,
                i32::from(SIGNAL_STATUS) + signal,
                Arc::clone(&self.stop),
            )?;
            flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)?;
            flag::register(signal, Arc::clone(&self.stop))?;
        }
        Ok(())
    }

    /// The flag that training polls.
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// Exit status of a command that was stopped: 130 for SIGINT, 143 for SIGTERM; nothing if no signal came.
    pub fn exit_status(&self) -> Option<u8> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(SIGNAL_STATUS.saturating_add(u8::try_from(signal).unwrap_or(u8::MAX))),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_asks_to_stop_and_is_remembered() {
        let interrupt = Interrupt::default();
        interrupt.install().unwrap();
        assert!(!interrupt.stop().load(Ordering::SeqCst));
        assert_eq!(interrupt.exit_status(), None);
        signal_hook::low_level::raise(SIGTERM).unwrap();
        assert!(interrupt.stop().load(Ordering::SeqCst));
        assert_eq!(interrupt.exit_status(), Some(143));
    }
}
