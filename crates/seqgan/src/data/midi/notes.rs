//! The notes of a track, each with its beginning and its end.
//!
//! They are those that players sound, and pretty_midi reads:
//!
//! - A note belongs to a key of a channel: the same key on another channel is another note.
//! - A press without force is a release.
//! - A key that is pressed again before its release ends the note and begins the next one. One release ends the key's
//!   note, however often it was pressed. But a release at the very tick of a second press ends the first note alone,
//!   since programs write the two in either order.
//! - A note that ends at the tick where it begins never sounds.
//! - "All sound off", "all notes off" and the changes of mode (controllers 120 and 123 to 127) end the notes of their
//!   channel. pretty_midi does not look at them.
//! - The sustain pedal (controller 64) does not lengthen a note, because a melody is what the fingers play; so "reset all
//!   controllers" (121), which lifts the pedal, changes nothing either.
//! - A note that nothing ends has no length. It is left out and counted, as in pretty_midi: held to the track's end, as by
//!   a player, one slip would cover all that follows below it.

use midly::{MidiMessage, Track, TrackEventKind};
use std::collections::BTreeMap;

/// A key that sounds from the tick `start` to the one before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) start: u64,
    pub(super) end: u64,
    /// From 1.
    pub(super) channel: u8,
    /// MIDI pitch.
    pub(super) key: u8,
}

/// What sounds on a track.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TrackNotes {
    /// In the order of their ends.
    pub(super) notes: Vec<Note>,
    /// The channel, from 1, of each note that never ends.
    pub(super) unended: Vec<u8>,
    /// The tick of the track's end.
    pub(super) end: u64,
}

impl TrackNotes {
    pub(super) fn of(track: &Track<'_>) -> Self {
        let (mut keys, mut tick) = (Keys::default(), 0);
        for event in track {
            tick += u64::from(event.delta.as_int());
            let TrackEventKind::Midi { channel, message } = event.kind else { continue };
            let channel = channel.as_int() + 1;
            match message {
                MidiMessage::NoteOn { key, vel } if vel.as_int() > 0 => {
                    keys.press(channel, key.as_int(), tick)
                }
                MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => {
                    keys.release(channel, key.as_int(), tick);
                }
                MidiMessage::Controller { controller, .. }
                    if matches!(controller.as_int(), 120 | 123..=127) =>
                {
                    keys.release_all(channel, tick);
                }
                _ => {}
            }
        }
        let unended = keys.open.keys().map(|&(channel, _)| channel).collect();
        Self { notes: keys.notes, unended, end: tick }
    }
}

/// The keys while a track is read.
#[derive(Default)]
struct Keys {
    /// Those that sound, by channel and key.
    open: BTreeMap<(u8, u8), OpenNote>,
    /// The notes that have ended.
    notes: Vec<Note>,
}

struct OpenNote {
    start: u64,
    /// Whether its beginning ended an older note of the key, whose own release may follow.
    is_restruck: bool,
}

impl Keys {
    fn press(&mut self, channel: u8, key: u8, tick: u64) {
        if self.open.get(&(channel, key)).is_some_and(|open| open.start == tick) {
            return;
        }
        let is_restruck = self.end(channel, key, tick);
        self.open.insert((channel, key), OpenNote { start: tick, is_restruck });
    }

    fn release(&mut self, channel: u8, key: u8, tick: u64) {
        match self.open.get_mut(&(channel, key)) {
            // The release of the older note, which the press has ended. Another one ends the new note.
            Some(open) if open.is_restruck && open.start == tick => open.is_restruck = false,
            _ => _ = self.end(channel, key, tick),
        }
    }

    fn release_all(&mut self, channel: u8, tick: u64) {
        while let Some((&(_, key), _)) = self.open.range((channel, 0)..=(channel, 127)).next() {
            self.end(channel, key, tick);
        }
    }

    /// Ends the note of a key. Whether there was one.
    fn end(&mut self, channel: u8, key: u8, tick: u64) -> bool {
        let Some(OpenNote { start, .. }) = self.open.remove(&(channel, key)) else { return false };
        if start < tick {
            self.notes.push(Note { start, end: tick, channel, key });
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Kind, controller, key, key_on, release, track};
    use super::*;

    /// (channel, key, start, end) of the notes, and the channels of those that never end.
    type Heard = (Vec<(u8, u8, u64, u64)>, Vec<u8>);

    fn heard(events: Vec<(u32, Kind)>) -> Heard {
        let sound = TrackNotes::of(&track(events));
        let notes = sound.notes.iter().map(|note| (note.channel, note.key, note.start, note.end));
        (notes.collect(), sound.unended)
    }

    #[test]
    fn a_release_has_two_spellings() {
        let notes = vec![(1, 60, 10, 30), (1, 62, 30, 50)];
        let by_force = vec![(10, key(60, 9)), (20, key(60, 0)), (0, key(62, 1)), (20, key(62, 0))];
        assert_eq!(heard(by_force), (notes.clone(), vec![]));
        let by_kind = vec![(10, key(60, 9)), (20, release(60)), (0, key(62, 127)), (20, release(62))];
        assert_eq!(heard(by_kind), (notes, vec![]));
    }

    /// pretty_midi gives (0, 100) and (40, 100): the same sound.
    #[test]
    fn a_key_pressed_twice_and_released_once_ends() {
        let events =
            vec![(0, key(60, 9)), (40, key(60, 9)), (60, release(60)), (50, key(62, 9)), (50, release(62))];
        assert_eq!(heard(events), (vec![(1, 60, 0, 40), (1, 60, 40, 100), (1, 62, 150, 200)], vec![]));
        // However often.
        let events = vec![(0, key(60, 9)), (10, key(60, 9)), (10, key(60, 9)), (10, release(60))];
        assert_eq!(heard(events), (vec![(1, 60, 0, 10), (1, 60, 10, 20), (1, 60, 20, 30)], vec![]));
        // Two presses at one tick are one.
        let events = vec![(0, key(60, 9)), (0, key(60, 9)), (30, release(60)), (30, release(60))];
        assert_eq!(heard(events), (vec![(1, 60, 0, 30)], vec![]));
    }

    #[test]
    fn at_one_tick_the_press_may_stand_before_the_release_of_the_older_note() {
        let both = |first, second| vec![(0, key(60, 9)), (50, first), (0, second), (50, release(60))];
        let notes = vec![(1, 60, 0, 50), (1, 60, 50, 100)];
        assert_eq!(heard(both(key(60, 9), release(60))), (notes.clone(), vec![]));
        assert_eq!(heard(both(release(60), key(60, 9))), (notes, vec![]));
        // The second release at that tick is the new note's own.
        let events =
            vec![(0, key(60, 9)), (50, key(60, 9)), (0, release(60)), (0, release(60)), (50, release(60))];
        assert_eq!(heard(events), (vec![(1, 60, 0, 50)], vec![]));
    }

    #[test]
    fn a_note_without_length_never_sounds() {
        let events = vec![(10, release(62)), (0, key(62, 9)), (0, release(62)), (40, release(62))];
        assert_eq!(heard(events), (vec![], vec![]));
        // Two presses at that tick are one: its release ends it.
        let events = vec![(10, key(62, 9)), (0, key(62, 9)), (0, release(62)), (40, release(62))];
        assert_eq!(heard(events), (vec![], vec![]));
    }

    #[test]
    fn the_same_key_on_two_channels_is_two_notes() {
        let events = vec![
            (0, key_on(1, 60, 9)),
            (10, key_on(16, 60, 9)),
            (10, key_on(1, 60, 0)),
            (10, key_on(2, 60, 0)),
            (10, key_on(16, 60, 0)),
        ];
        assert_eq!(heard(events), (vec![(1, 60, 0, 20), (16, 60, 10, 40)], vec![]));
    }

    /// pretty_midi does not look at these controllers; what makes sound does.
    #[test]
    fn all_notes_off_ends_the_notes_of_its_channel() {
        let with = |number| {
            heard(vec![
                (0, key_on(2, 60, 9)),
                (0, key_on(2, 64, 9)),
                (0, key_on(3, 70, 9)),
                (50, controller(2, number, 0)),
                (50, key_on(2, 60, 0)),
                (0, key_on(2, 64, 0)),
                (0, key_on(3, 70, 0)),
            ])
        };
        let ended = vec![(2, 60, 0, 50), (2, 64, 0, 50), (3, 70, 0, 100)];
        let held = vec![(2, 60, 0, 100), (2, 64, 0, 100), (3, 70, 0, 100)];
        for number in 0..128 {
            let expected = if number == 120 || number >= 123 { &ended } else { &held };
            assert_eq!(with(number), (expected.clone(), vec![]), "controller {number}");
        }
        // A press at the tick of the event, but before it, is ended with the others.
        let events = vec![(0, key(60, 9)), (50, key(60, 9)), (0, controller(1, 123, 0)), (50, release(60))];
        assert_eq!(heard(events), (vec![(1, 60, 0, 50)], vec![]));
    }

    #[test]
    fn the_sustain_pedal_lengthens_nothing() {
        let events =
            vec![(0, controller(1, 64, 127)), (0, key(60, 9)), (50, release(60)), (50, controller(1, 64, 0))];
        assert_eq!(heard(events), (vec![(1, 60, 0, 50)], vec![]));
    }

    /// A second press ends the first note; pretty_midi drops that one too.
    #[test]
    fn a_note_that_nothing_ends_is_left_out_and_counted() {
        let events = vec![(0, key(90, 9)), (0, key_on(4, 50, 9)), (50, key(60, 9)), (50, release(60))];
        assert_eq!(heard(events), (vec![(1, 60, 50, 100)], vec![1, 4]));
        let events = vec![(0, key(60, 9)), (50, key(60, 9)), (50, release(61))];
        assert_eq!(heard(events), (vec![(1, 60, 0, 50)], vec![1]));
    }

    #[test]
    fn a_track_ends_with_its_last_event() {
        assert_eq!(TrackNotes::of(&track(vec![(7, key(60, 9)), (8, controller(1, 7, 0))])).end, 15);
    }
}
