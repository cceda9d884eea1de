//! Melodies.

use super::scratch;
use seqgan::config::RestHandling;
use seqgan::data::{
    FileFormat, MidiOptions, MidiSelection, NUM_PITCHES, ReadOptions, Tokens, TrackChoice, from_midi,
    read_training, to_midi,
};

/// The first byte says how a MIDI file, the rest, is read.
pub fn read(bytes: &[u8]) -> bool {
    let Some((&how, bytes)) = bytes.split_first() else { return false };
    let step_secs = [0.4, 0.001, 8.0, 1.0 / 3.0][usize::from(how & 3)];
    let rests = if how & 4 == 0 { RestHandling::Keep } else { RestHandling::Fill };
    let options = ReadOptions {
        format: FileFormat::Midi,
        tokens: Tokens::Ids,
        vocab_size: NUM_PITCHES,
        midi: MidiOptions { step_secs, rests, selection: MidiSelection::default() },
        window: if how & 8 == 0 { 0 } else { 32 },
        ..ReadOptions::default()
    };
    selected(how, bytes, step_secs);
    let path = scratch::file("a.mid", bytes);
    let Ok(text) = read_training(&path, &options) else { return false };
    if options.window > 0 || text.sequences.max_length() > 10_000 {
        return true;
    }
    // Written and read again it is the same melody.
    let melody: Vec<u32> = text.sequences.row(0).iter().map(|&token| token - 2).collect();
    if melody.iter().any(|&pitch| pitch > 0) {
        let path = scratch::file("b.mid", &to_midi(&melody, step_secs));
        let again = read_training(&path, &options).expect("a melody that was written");
        assert_eq!(again.sequences, text.sequences);
    }
    true
}

/// Any track and channel can be asked for. What was taken is told, and asked for by that it is the same.
fn selected(how: u8, bytes: &[u8], step_secs: f64) {
    let track = match how >> 4 & 3 {
        0 => None,
        1 => Some(TrackChoice::Number(1)),
        2 => Some(TrackChoice::Number(2)),
        _ => Some(TrackChoice::Name("piano".into())),
    };
    let channel = [None, Some(1), Some(10), Some(16)][usize::from(how >> 6)];
    let Ok(melody) = from_midi(bytes, step_secs, &MidiSelection { track, channel }) else { return };
    assert!(melody.numbers.iter().all(|&number| number < NUM_PITCHES));
    let track = Some(TrackChoice::Number(melody.source.track));
    let again =
        from_midi(bytes, step_secs, &MidiSelection { track, channel }).expect("a melody that was found");
    assert_eq!(again, melody);
}
