//! Melodies in MIDI files: the pitch that sounds every so often, as the SeqGAN paper reads folk tunes (section 5.3).
//!
//! A melody is a sequence of numbers: 1 to 88 are the keys of a piano (MIDI pitches 21 to 108), 0 is a rest. It is the
//! first track that has notes; of several notes the highest counts. A note sounds from the tick it begins at to the one
//! before it ends. A held and a repeated note give the same numbers.

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};

/// Numbers of a melody's alphabet: rest and 88 keys.
pub const NUM_PITCHES: u32 = 89;

/// MIDI pitch of number 0, were it no rest.
const BELOW_LOWEST: u32 = 20;

/// Most steps that are made of one file: a few bytes can say that it lasts for years.
const MOST_STEPS: u64 = 1 << 20;

/// Ticks of a step in files that are written.
const TICKS: u32 = 240;

/// Where no tempo is given, a quarter lasts half a second.
const DEFAULT_TEMPO: u64 = 500_000;

/// Microseconds of a number of seconds.
fn micros(seconds: f64) -> u64 {
    ((seconds * 1e6).round() as u64).max(1)
}

/// The melody of a file's bytes, a number every `step` seconds up to the track's end. The error says what is wrong.
pub(super) fn melody(bytes: &[u8], step: f64) -> Result<Vec<u32>, String> {
    let smf = whole(bytes)?;
    let clock = Clock::new(&smf);
    let has_notes = |track: &&Track<'_>| track.iter().any(|event| note(event).is_some_and(|n| n.1));
    let track = smf.tracks.iter().find(has_notes).ok_or("holds no notes")?;
    // Times of a step in the clock's unit.
    let at = |k: u64| u128::from(k) * u128::from(micros(step)) * clock.unit;
    let (mut numbers, mut sounding, mut tick) = (Vec::new(), [0u32; 128], 0);
    for event in track {
        tick += u64::from(event.delta.as_int());
        let now = clock.time(tick);
        // Every step before this event hears what sounded until now.
        while at(numbers.len() as u64) < now {
            if numbers.len() as u64 == MOST_STEPS {
                return Err(format!("lasts for more than {MOST_STEPS} steps of {step} s"));
            }
            numbers.push(number(&sounding)?);
        }
        if let Some((key, on)) = note(event) {
            let count = &mut sounding[usize::from(key)];
            *count = if on { *count + 1 } else { count.saturating_sub(1) };
        }
    }
    Ok(numbers)
}

/// The events of a file, all of them: the parser alone would leave out in silence what it cannot read.
fn whole(bytes: &[u8]) -> Result<Smf<'_>, String> {
    let no_midi = |error| format!("no MIDI file: {error}");
    // The parser negates this byte of the head, which has no negative: a panic where overflow is looked for.
    if bytes.windows(13).any(|head| head.starts_with(b"MThd") && head[12] == 0x80) {
        return Err("no MIDI file: it says that a second has 128 frames".into());
    }
    let (header, tracks) = midly::parse(bytes).map_err(no_midi)?;
    // Of an iterator that has given nothing yet, this is what the header declares.
    let (declared, _) = tracks.size_hint();
    let tracks = tracks.collect_tracks().map_err(no_midi)?;
    if tracks.len() < declared {
        let found = tracks.len();
        return Err(format!("cut off or damaged: {found} tracks, where its head says {declared}"));
    }
    let ends = |track: &Track<'_>| {
        track.last().is_some_and(|event| event.kind == TrackEventKind::Meta(MetaMessage::EndOfTrack))
    };
    if let Some(track) = tracks.iter().position(|track| !ends(track)) {
        return Err(format!("cut off or damaged: no end of track {}", track + 1));
    }
    if header.timing == Timing::Metrical(u15::new(0)) {
        return Err("says that a quarter has 0 ticks".into());
    }
    if matches!(header.timing, Timing::Timecode(_, 0)) {
        return Err("says that a frame has 0 ticks".into());
    }
    Ok(Smf { header, tracks })
}

/// The key that an event presses (true) or releases. A press without force is a release.
fn note(event: &TrackEvent<'_>) -> Option<(u8, bool)> {
    match event.kind {
        TrackEventKind::Midi { message: MidiMessage::NoteOn { key, vel }, .. } => {
            Some((key.as_int(), vel.as_int() > 0))
        }
        TrackEventKind::Midi { message: MidiMessage::NoteOff { key, .. }, .. } => Some((key.as_int(), false)),
        _ => None,
    }
}

fn number(sounding: &[u32; 128]) -> Result<u32, String> {
    match sounding.iter().rposition(|&count| count > 0) {
        None => Ok(0),
        Some(pitch @ 21..=108) => Ok(pitch as u32 - BELOW_LOWEST),
        Some(pitch) => Err(format!("holds MIDI pitch {pitch}, expected 21 to 108, the keys of a piano")),
    }
}

/// Ticks to time, in whole numbers: exact, whatever the tempo.
struct Clock {
    /// (tick, time there, time of a tick from there on).
    changes: Vec<(u64, u128, u128)>,
    /// Parts of a microsecond in the unit of time.
    unit: u128,
}

impl Clock {
    /// The tempo map of all tracks together.
    fn new(smf: &Smf<'_>) -> Self {
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
        let mut tempos = Vec::new();
        for track in &smf.tracks {
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

    fn time(&self, tick: u64) -> u128 {
        let after = self.changes.partition_point(|change| change.0 <= tick);
        let (start, time, rate) = self.changes[after - 1];
        time + u128::from(tick - start) * rate
    }
}

/// A MIDI file of one track that plays a melody, `step` seconds a number (at most 8). Equal numbers in a row are one
/// held note.
pub fn to_midi(melody: &[u32], step: f64) -> Vec<u8> {
    // A quarter is two steps.
    let tempo = (2 * micros(step)).min(u64::from(u24::max_value().as_int())) as u32;
    let mut track = vec![event(0, TrackEventKind::Meta(MetaMessage::Tempo(u24::new(tempo))))];
    let mut waited = 0;
    for run in melody.chunk_by(|a, b| a == b) {
        let length = TICKS * run.len() as u32;
        if run[0] == 0 {
            waited += length;
            continue;
        }
        let key = u7::from_int_lossy((run[0] + BELOW_LOWEST) as u8);
        let play = |message| TrackEventKind::Midi { channel: u4::new(0), message };
        track.push(event(waited, play(MidiMessage::NoteOn { key, vel: u7::new(80) })));
        track.push(event(length, play(MidiMessage::NoteOff { key, vel: u7::new(0) })));
        waited = 0;
    }
    track.push(event(waited, TrackEventKind::Meta(MetaMessage::EndOfTrack)));
    let timing = Timing::Metrical(u15::new(2 * TICKS as u16));
    let smf = Smf { header: Header::new(Format::SingleTrack, timing), tracks: vec![track] };
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes).expect("a vector takes everything");
    bytes
}

fn event(delta: u32, kind: TrackEventKind<'static>) -> TrackEvent<'static> {
    TrackEvent { delta: u28::new(delta), kind }
}

/// Puts the pitch before it, or at the start the first one, in the place of each rest.
pub(super) fn fill_rests(melody: &mut [u32]) {
    let Some(&first) = melody.iter().find(|&&number| number > 0) else { return };
    let mut last = first;
    for number in melody {
        if *number == 0 {
            *number = last;
        }
        last = *number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let melodies: [&[u32]; 4] =
            [&[40, 40, 42, 0, 0, 42, 88, 1], &[0, 0, 7, 7, 7, 0], &[5], &[30, 30, 0, 30, 31, 30]];
        for step in [0.4, 0.25, 1.0 / 3.0] {
            for melody in melodies {
                assert_eq!(super::melody(&to_midi(melody, step), step).unwrap(), melody, "{step}");
            }
        }
        // Read at half the step every number stands twice.
        assert_eq!(super::melody(&to_midi(&[5, 0, 6], 0.4), 0.2).unwrap(), [5, 5, 0, 0, 6, 6]);
    }

    fn file(timing: Timing, tracks: Vec<Vec<(u32, TrackEventKind<'static>)>>) -> Vec<u8> {
        let tracks = tracks
            .into_iter()
            .map(|events| {
                let end = (0, TrackEventKind::Meta(MetaMessage::EndOfTrack));
                events.into_iter().chain([end]).map(|(delta, kind)| event(delta, kind)).collect()
            })
            .collect();
        let mut bytes = Vec::new();
        Smf { header: Header::new(Format::Parallel, timing), tracks }.write_std(&mut bytes).unwrap();
        bytes
    }

    fn key(pitch: u8, force: u8) -> TrackEventKind<'static> {
        let message = MidiMessage::NoteOn { key: u7::new(pitch), vel: u7::new(force) };
        TrackEventKind::Midi { channel: u4::new(0), message }
    }

    fn tempo(micros: u32) -> TrackEventKind<'static> {
        TrackEventKind::Meta(MetaMessage::Tempo(u24::new(micros)))
    }

    const QUARTER_100: Timing = Timing::Metrical(u15::new(100));

    #[test]
    fn the_highest_note_of_the_first_track_with_notes() {
        // No notes in the first track; in the second 60 and above it 64 for a quarter; the third is chords.
        let melody_track =
            vec![(0, key(60, 9)), (100, key(64, 9)), (100, key(64, 0)), (100, key(60, 0)), (100, key(62, 0))];
        let bytes = file(
            QUARTER_100,
            vec![vec![(50, tempo(500_000))], melody_track, vec![(0, key(80, 9)), (900, key(80, 0))]],
        );
        // A quarter lasts 0.5 s: one number a quarter, the last quarter is a rest.
        assert_eq!(melody(&bytes, 0.5).unwrap(), [40, 44, 40, 0]);
    }

    #[test]
    fn a_note_begins_at_its_tick_and_is_gone_at_its_end() {
        let bytes = file(
            QUARTER_100,
            vec![vec![(80, key(60, 9)), (80, key(60, 0)), (80, key(61, 9)), (1, key(61, 0))]],
        );
        // 80 ticks are 0.4 s: steps at ticks 0, 80, 160, 240.
        assert_eq!(melody(&bytes, 0.4).unwrap(), [0, 40, 0, 41]);
    }

    #[test]
    fn tempo_changes_count_from_their_tick_on_in_every_track() {
        let notes = vec![(0, key(60, 9)), (200, key(60, 0)), (0, key(62, 9)), (200, key(62, 0))];
        // From tick 100 a quarter lasts a whole second: 0.5 + 1 + 2 seconds.
        let bytes = file(QUARTER_100, vec![vec![(100, tempo(1_000_000))], notes]);
        assert_eq!(melody(&bytes, 0.5).unwrap(), [40, 40, 40, 42, 42, 42, 42]);
        // 25 frames of 4 parts: 100 ticks a second, and no tempo counts.
        let bytes = file(
            Timing::Timecode(midly::Fps::Fps25, 4),
            vec![vec![(0, tempo(1)), (0, key(60, 9)), (100, key(60, 0))]],
        );
        assert_eq!(melody(&bytes, 0.25).unwrap(), [40; 4]);
    }

    #[test]
    fn bad_files_are_told_and_never_a_panic() {
        let refused = |bytes: &[u8], part: &str| {
            let error = melody(bytes, 0.4).unwrap_err();
            assert!(error.contains(part), "{error}");
        };
        refused(b"", "no MIDI file");
        refused(b"MThd and nothing else", "no MIDI file");
        refused(&file(QUARTER_100, vec![vec![(9, tempo(1))]]), "holds no notes");
        refused(
            &file(QUARTER_100, vec![vec![(0, key(12, 9)), (900, key(12, 0))]]),
            "MIDI pitch 12, expected 21 to 108",
        );
        let still = vec![(0, key(60, 9)), (9, key(60, 0))];
        refused(&file(Timing::Metrical(u15::new(0)), vec![still]), "0 ticks");
        refused(b"MThd\0\0\0\x06\0\0\0\x01\x80\x04", "no MIDI file: it says that a second has 128 frames");
        let silent = vec![(0, key(60, 9)), (9, key(60, 0))];
        refused(&file(Timing::Timecode(midly::Fps::Fps25, 0), vec![silent]), "a frame has 0 ticks");
        let years = vec![(0, key(60, 9)), (0, tempo(16_000_000)), ((1 << 28) - 1, key(60, 0))];
        refused(&file(Timing::Metrical(u15::new(1)), vec![years]), "lasts for more than 1048576 steps");
        let good = to_midi(&[5, 6, 7, 0, 9], 0.4);
        for end in 0..good.len() {
            match melody(&good[..end], 0.4) {
                // Without the last byte of the end itself nothing is lost.
                Ok(melody) => assert_eq!((end, &melody[..]), (good.len() - 1, &[5, 6, 7, 0, 9][..])),
                Err(error) => {
                    assert!(error.contains("no MIDI file") || error.contains("cut off"), "{end}: {error}");
                }
            }
            let mut damaged = good.clone();
            damaged[end] ^= 0x55;
            let _ = melody(&damaged, 0.4);
        }
    }

    #[test]
    fn rests_are_filled_by_the_pitch_before() {
        let filled = |mut melody: Vec<u32>| {
            fill_rests(&mut melody);
            melody
        };
        assert_eq!(filled(vec![0, 0, 5, 0, 7, 0, 0]), [5, 5, 5, 5, 7, 7, 7]);
        assert_eq!(filled(vec![0, 0]), [0, 0]);
    }
}
