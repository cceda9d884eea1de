//! Whole files: what is heard in them, and what is refused.

use super::fixture::{QUARTER_100, file, key, key_on, name, of_format, release, tempo};
use super::*;
use midly::num::u15;
use midly::{Format, Timing};

/// The melody by default.
fn melody(bytes: &[u8], step_secs: f64) -> Result<Vec<u32>, String> {
    Ok(from_midi(bytes, step_secs, &MidiSelection::default())?.numbers)
}

#[test]
fn what_is_written_is_read_back() {
    let melodies: [&[u32]; 4] =
        [&[40, 40, 42, 0, 0, 42, 88, 1], &[0, 0, 7, 7, 7, 0], &[5], &[30, 30, 0, 30, 31, 30]];
    for step in [0.4, 0.25, 1.0 / 3.0] {
        for numbers in melodies {
            assert_eq!(melody(&to_midi(numbers, step), step).unwrap(), numbers, "{step}");
        }
    }
    // Read at half the step every number stands twice.
    assert_eq!(melody(&to_midi(&[5, 0, 6], 0.4), 0.2).unwrap(), [5, 5, 0, 0, 6, 6]);
}

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
    let bytes =
        file(QUARTER_100, vec![vec![(80, key(60, 9)), (80, key(60, 0)), (80, key(61, 9)), (1, key(61, 0))]]);
    // 80 ticks are 0.4 s: steps at ticks 0, 80, 160, 240.
    assert_eq!(melody(&bytes, 0.4).unwrap(), [0, 40, 0, 41]);
}

/// A tune whose first key is held for two steps, played well, with a slip, and with a press that makes no sound.
#[test]
fn a_slip_of_a_finger_is_heard_as_what_was_meant() {
    let played = |first: Vec<(u32, fixture::Kind)>| {
        let rest = [55, 57, 52].map(|pitch| [(4, key(pitch, 80)), (96, release(pitch))]);
        let bytes = file(QUARTER_100, vec![first.into_iter().chain(rest.into_iter().flatten()).collect()]);
        melody(&bytes, 0.5).unwrap()
    };
    let tune = [40, 40, 35, 37, 32];
    assert_eq!(played(vec![(0, key(60, 80)), (196, release(60))]), tune);
    // Pressed twice, released once or twice.
    let twice = [(0, key(60, 80)), (100, key(60, 80)), (96, release(60))];
    assert_eq!(played(twice.to_vec()), tune);
    assert_eq!(played([&twice[..], &[(0, release(60))]].concat()), tune);
    // The second press stands before the release of the first one.
    assert_eq!(played(vec![(0, key(60, 80)), (100, key(60, 80)), (0, release(60)), (96, release(60))]), tune);
    // The second key has no length, and what was released is 62, not yet pressed.
    let silent = [(0, key(60, 80)), (96, release(60)), (4, release(62)), (0, key(62, 80)), (0, release(62))];
    assert_eq!(played([&silent[..], &[(96, release(62))]].concat()), [40, 0, 35, 37, 32]);
    // Ended by all-notes-off.
    let off = fixture::controller(1, 123, 0);
    assert_eq!(played(vec![(0, key(60, 80)), (100, off), (96, release(60))]), [40, 0, 35, 37, 32]);
}

/// The same key on two channels is two notes, and each of several notes that overlap ends for itself.
#[test]
fn notes_that_overlap_end_one_by_one() {
    let bytes = file(
        QUARTER_100,
        vec![vec![
            (0, key_on(1, 60, 9)),
            (0, key_on(2, 60, 9)),
            (100, key_on(1, 60, 0)),
            (0, key_on(3, 55, 9)),
            (100, key_on(2, 60, 0)),
            (100, key_on(3, 55, 0)),
        ]],
    );
    assert_eq!(melody(&bytes, 0.5).unwrap(), [40, 40, 35]);
}

#[test]
fn tempo_changes_count_from_their_tick_on_in_every_track() {
    let notes = || vec![(0, key(60, 9)), (200, key(60, 0)), (0, key(62, 9)), (200, key(62, 0))];
    // From tick 100 a quarter lasts a whole second: 0.5 + 1 + 2 seconds.
    let bytes = file(QUARTER_100, vec![vec![(100, tempo(1_000_000))], notes()]);
    assert_eq!(melody(&bytes, 0.5).unwrap(), [40, 40, 40, 42, 42, 42, 42]);
    // Those behind the first track count as well.
    let bytes = file(QUARTER_100, vec![vec![], notes(), vec![(100, tempo(1_000_000))]]);
    assert_eq!(melody(&bytes, 0.5).unwrap(), [40, 40, 40, 42, 42, 42, 42]);
    // 25 frames of 4 parts: 100 ticks a second, and no tempo counts.
    let bytes = file(
        Timing::Timecode(midly::Fps::Fps25, 4),
        vec![vec![(0, tempo(1)), (0, key(60, 9)), (100, key(60, 0))]],
    );
    assert_eq!(melody(&bytes, 0.25).unwrap(), [40; 4]);
}

/// Tracks of format 2 do not play together.
#[test]
fn tempos_of_format_2_are_those_of_the_track() {
    let tracks = || {
        vec![
            vec![(0, tempo(1_000_000)), (0, key(60, 9)), (100, key(60, 0))],
            vec![(0, tempo(2_000_000)), (0, key(62, 9)), (100, key(62, 0))],
        ]
    };
    let of = |format, track| {
        let selection = MidiSelection { track: Some(TrackChoice::Number(track)), channel: None };
        from_midi(&of_format(format, QUARTER_100, tracks()), 0.5, &selection).unwrap().numbers
    };
    assert_eq!(of(Format::Sequential, 1), [40; 2]);
    assert_eq!(of(Format::Sequential, 2), [42; 4]);
    assert_eq!(of(Format::Parallel, 1), [40; 4]);
}

#[test]
fn bad_files_are_told_and_never_a_panic() {
    let refused = |bytes: &[u8], part: &str| {
        let error = melody(bytes, 0.4).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    refused(b"", "is empty (0 bytes)");
    refused(b"\n", "no MIDI file");
    refused(b"MThd and nothing else", "no MIDI file");
    refused(&file(QUARTER_100, vec![vec![(9, tempo(1))]]), "holds no notes");
    let low = vec![
        (0, name("Bass")),
        (0, key_on(3, 12, 9)),
        (900, key_on(3, 12, 0)),
        (0, key(60, 9)),
        (9, key(60, 0)),
    ];
    refused(
        &file(QUARTER_100, vec![vec![], low]),
        "MIDI pitch 12, expected 21 to 108, the keys of a piano (track 2 \"Bass\", channel 3)",
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
                let expected = ["is empty", "no MIDI file", "cut off"];
                assert!(expected.iter().any(|part| error.contains(part)), "{end}: {error}");
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
