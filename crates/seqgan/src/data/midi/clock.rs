//! Ticks to time by the tempo map of a file.

use midly::{Format, MetaMessage, Smf, Timing, TrackEventKind};

/// Where no tempo is given, a quarter lasts half a second.
const DEFAULT_TEMPO: u64 = 500_000;

/// Ticks to time, in whole numbers: exact, whatever the tempo.
pub(super) struct Clock {
    /// (tick, time there, time of a tick from there on).
    changes: Vec<(u64, u128, u128)>,
    /// Parts of a microsecond in the unit of time.
    pub(super) unit: u128,
}

impl Clock {
    /// The clock of the track with this index. Tempos of all tracks count, because the tracks of a file play together,
    /// except in format 2: there each track is a piece of its own, with its own tempos.
    pub(super) fn new(smf: &Smf<'_>, track: usize) -> Self {
        let ticks = match smf.header.timing {
            Timing::Metrical(ticks) => u128::from(ticks.as_int()),
            Timing::Timecode(rate, parts) => {
                // Ticks a second; 29.97 frames are 30000 / 1001.
                let (frames, seconds) = match rate {
                    midly::Fps::Fps29 => (30_000, 1001),
                    whole => (u128::from(whole.as_int()), 1),
                };
                let unit = frames * u128::from(parts);
                return Self { changes: vec![(0, 0, seconds * 1_000_000)], unit };
            }
        };
        let tracks = match smf.header.format {
            Format::Sequential => &smf.tracks[track..=track],
            Format::SingleTrack | Format::Parallel => &smf.tracks[..],
        };
        let mut tempos = Vec::new();
        for track in tracks {
            let mut tick = 0;
            for event in track {
                tick += u64::from(event.delta.as_int());
                if let TrackEventKind::Meta(MetaMessage::Tempo(tempo)) = event.kind {
                    tempos.push((tick, u64::from(tempo.as_int())));
                }
            }
        }
        tempos.sort_by_key(|&(tick, _)| tick);
        let mut changes = vec![(0, 0, u128::from(DEFAULT_TEMPO))];
        for (tick, tempo) in tempos {
            let &(last, time, rate) = changes.last().expect("there is a first");
            changes.push((tick, time + u128::from(tick - last) * rate, u128::from(tempo)));
        }
        Self { changes, unit: ticks }
    }

    /// The time of a tick, in parts of a microsecond: there are [`Clock::unit`] of them in one.
    pub(super) fn time(&self, tick: u64) -> u128 {
        let after = self.changes.partition_point(|change| change.0 <= tick);
        let (start, time, rate) = self.changes[after - 1];
        time + u128::from(tick - start) * rate
    }
}
