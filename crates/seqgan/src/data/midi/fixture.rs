//! MIDI files for tests, event by event.

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

pub(super) type Kind = TrackEventKind<'static>;

/// 100 ticks a quarter, which lasts half a second where no tempo is given.
pub(super) const QUARTER_100: Timing = Timing::Metrical(u15::new(100));

/// A file of tracks that play together, each of (ticks since the event before, event).
pub(super) fn file(timing: Timing, tracks: Vec<Vec<(u32, Kind)>>) -> Vec<u8> {
    of_format(Format::Parallel, timing, tracks)
}

pub(super) fn of_format(format: Format, timing: Timing, tracks: Vec<Vec<(u32, Kind)>>) -> Vec<u8> {
    let tracks = tracks.into_iter().map(track).collect();
    let mut bytes = Vec::new();
    Smf { header: Header::new(format, timing), tracks }.write_std(&mut bytes).unwrap();
    bytes
}

/// A track with its end.
pub(super) fn track(events: Vec<(u32, Kind)>) -> Vec<TrackEvent<'static>> {
    let end = (0, TrackEventKind::Meta(MetaMessage::EndOfTrack));
    let event = |(delta, kind)| TrackEvent { delta: u28::new(delta), kind };
    events.into_iter().chain([end]).map(event).collect()
}

/// A file of bytes as they stand: `head` stands behind the length of the head, and each track behind its own.
pub(super) fn raw(head: &[u8], tracks: &[&[u8]]) -> Vec<u8> {
    let chunk = |kind: &[u8], bytes: &[u8]| [kind, &(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let tracks = tracks.iter().flat_map(|bytes| chunk(b"MTrk", bytes));
    chunk(b"MThd", head).into_iter().chain(tracks).collect()
}

/// A press on channel 1, or a release where the force is 0.
pub(super) fn key(pitch: u8, force: u8) -> Kind {
    key_on(1, pitch, force)
}

/// The same on a channel from 1.
pub(super) fn key_on(channel: u8, pitch: u8, force: u8) -> Kind {
    midi(channel, MidiMessage::NoteOn { key: u7::new(pitch), vel: u7::new(force) })
}

/// A release that is an event of its own kind, on channel 1.
pub(super) fn release(pitch: u8) -> Kind {
    midi(1, MidiMessage::NoteOff { key: u7::new(pitch), vel: u7::new(64) })
}

pub(super) fn controller(channel: u8, number: u8, value: u8) -> Kind {
    midi(channel, MidiMessage::Controller { controller: u7::new(number), value: u7::new(value) })
}

fn midi(channel: u8, message: MidiMessage) -> Kind {
    TrackEventKind::Midi { channel: u4::new(channel - 1), message }
}

/// Microseconds of a quarter.
pub(super) fn tempo(micros: u32) -> Kind {
    TrackEventKind::Meta(MetaMessage::Tempo(u24::new(micros)))
}

pub(super) fn name(name: &'static str) -> Kind {
    TrackEventKind::Meta(MetaMessage::TrackName(name.as_bytes()))
}
