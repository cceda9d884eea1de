//! A melody to the bytes of a MIDI file.

use super::{BELOW_LOWEST, micros};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

/// Ticks of a step in files that are written.
const TICKS: u32 = 240;

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
