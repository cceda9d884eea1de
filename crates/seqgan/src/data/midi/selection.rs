//! Which notes of a file are its melody.

use super::notes::{Note, TrackNotes};
use midly::{MetaMessage, Track, TrackEventKind};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// Drums play here, by the standard General MIDI. Their keys are instruments and no pitches.
const DRUMS: u8 = 10;

/// Most tracks that a message lists.
const MOST_LISTED: usize = 12;

/// Most characters of a track's name in a message.
const MOST_CHARS: usize = 30;

/// Which track and channel of a MIDI file hold the melody. By default it is the first track that has notes outside
/// channel 10, with its notes outside channel 10: the drums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MidiSelection {
    /// None: the first track that has notes on the channels that may be taken.
    pub track: Option<TrackChoice>,
    /// Channel from 1 to 16; none: all but channel 10, the drums. With 10 the drums are taken.
    pub channel: Option<u8>,
}

impl MidiSelection {
    fn takes(&self, channel: u8) -> bool {
        self.channel.map_or(channel != DRUMS, |chosen| channel == chosen)
    }
}

impl fmt::Display for MidiSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.track, self.channel) {
            (Some(track), Some(channel)) => write!(f, "track {track}, channel {channel}"),
            (Some(track), None) => write!(f, "track {track}, outside channel {DRUMS}"),
            (None, Some(channel)) => write!(f, "channel {channel}"),
            (None, None) => write!(f, "any track, outside channel {DRUMS}"),
        }
    }
}

/// A track of a MIDI file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackChoice {
    /// By its place in the file, from 1. Tracks without notes count.
    Number(usize),
    /// By its name; small and capital letters are the same. Of several tracks of that name the first one with notes.
    Name(String),
}

impl TrackChoice {
    fn is(&self, number: usize, name: Option<&str>) -> bool {
        match self {
            Self::Number(chosen) => number == *chosen,
            Self::Name(chosen) => {
                name.is_some_and(|name| name.to_lowercase() == chosen.trim().to_lowercase())
            }
        }
    }
}

impl FromStr for TrackChoice {
    type Err = Infallible;

    /// A whole number is the track's number; anything else is its name.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.trim().parse().map_or_else(|_| Self::Name(text.into()), Self::Number))
    }
}

impl fmt::Display for TrackChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(&quoted(name)),
        }
    }
}

/// Where in its file a melody stood. As text: `track 2 "Piano", channel 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MelodySource {
    /// Number of the track, from 1, in the order of the file.
    pub track: usize,
    /// The track's name, where it has one.
    pub name: Option<String>,
    /// Channels of the notes, from 1, ascending.
    pub channels: Vec<u8>,
    /// Tracks of the file that have notes on the channels that may be taken.
    pub num_tracks_with_notes: usize,
    /// Notes that were left out because nothing in the file ends them.
    pub num_unended_notes: usize,
}

impl fmt::Display for MelodySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "track {}", self.track)?;
        if let Some(name) = &self.name {
            write!(f, " {}", quoted(name))?;
        }
        write!(f, ", {}", channel_list(&self.channels))
    }
}

/// A track with its name and its notes.
pub(super) struct NamedTrack {
    name: Option<String>,
    sound: TrackNotes,
}

impl NamedTrack {
    pub(super) fn of(track: &Track<'_>) -> Self {
        Self { name: name(track), sound: TrackNotes::of(track) }
    }

    fn has_notes(&self, selection: &MidiSelection) -> bool {
        self.sound.notes.iter().any(|note| selection.takes(note.channel))
    }
}

/// The first name that a track gives itself, without the blanks and zeros around it.
fn name(track: &Track<'_>) -> Option<String> {
    track.iter().find_map(|event| {
        let TrackEventKind::Meta(MetaMessage::TrackName(name)) = event.kind else { return None };
        let name = String::from_utf8_lossy(name);
        let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!name.is_empty()).then(|| name.into())
    })
}

/// The notes of a melody.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) notes: Vec<Note>,
    /// The tick of the track's end.
    pub(super) end: u64,
    pub(super) source: MelodySource,
}

/// The notes that `selection` takes. The error tells what the file has instead.
pub(super) fn select(tracks: Vec<NamedTrack>, selection: &MidiSelection) -> Result<Selected, String> {
    let num_tracks_with_notes = tracks.iter().filter(|track| track.has_notes(selection)).count();
    let taken = tracks.iter().enumerate().position(|(index, track)| {
        let is_chosen =
            selection.track.as_ref().is_none_or(|chosen| chosen.is(index + 1, track.name.as_deref()));
        is_chosen && track.has_notes(selection)
    });
    let Some(index) = taken else { return Err(nothing(&tracks, selection)) };
    let NamedTrack { name, sound } = tracks.into_iter().nth(index).expect("a position in it");
    let notes: Vec<Note> = sound.notes.into_iter().filter(|note| selection.takes(note.channel)).collect();
    let mut channels: Vec<u8> = notes.iter().map(|note| note.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    let num_unended_notes = sound.unended.iter().filter(|&&channel| selection.takes(channel)).count();
    let source = MelodySource { track: index + 1, name, channels, num_tracks_with_notes, num_unended_notes };
    Ok(Selected { notes, end: sound.end, source })
}

/// Why nothing was taken.
fn nothing(tracks: &[NamedTrack], selection: &MidiSelection) -> String {
    let with_notes = || tracks.iter().enumerate().filter(|(_, track)| !track.sound.notes.is_empty());
    if with_notes().next().is_none() {
        return match tracks.iter().map(|track| track.sound.unended.len()).sum() {
            0_usize => "holds no notes".into(),
            n => format!("holds no notes that end, and {n} that never do"),
        };
    }
    if *selection == MidiSelection::default() {
        return format!("holds drums alone (channel {DRUMS}); `data.midi_channel = {DRUMS}` takes them");
    }
    let mut listed: Vec<String> =
        with_notes().take(MOST_LISTED).map(|(index, track)| line(index + 1, track)).collect();
    let more = with_notes().count() - listed.len();
    if more > 0 {
        listed.push(format!("{more} more"));
    }
    format!("has no notes on {selection}; it has {}", listed.join("; "))
}

/// A track for a list: `track 2 "Piano": 24 notes on channel 1, 3 on channel 2`.
fn line(number: usize, track: &NamedTrack) -> String {
    let name = track.name.as_ref().map_or(String::new(), |name| format!(" {}", quoted(name)));
    let mut counts = BTreeMap::new();
    for note in &track.sound.notes {
        *counts.entry(note.channel).or_insert(0_usize) += 1;
    }
    let counts: Vec<String> = counts
        .into_iter()
        .enumerate()
        .map(|(place, (channel, count))| match (place, count) {
            (0, 1) => format!("1 note on channel {channel}"),
            (0, _) => format!("{count} notes on channel {channel}"),
            _ => format!("{count} on channel {channel}"),
        })
        .collect();
    format!("track {number}{name}: {}", counts.join(", "))
}

fn channel_list(channels: &[u8]) -> String {
    match channels {
        [channel] => format!("channel {channel}"),
        _ => {
            let numbers: Vec<String> = channels.iter().map(u8::to_string).collect();
            format!("channels {}", numbers.join(", "))
        }
    }
}

/// A name in quotation marks, safe to print: a file can hold any bytes of any number.
fn quoted(name: &str) -> String {
    match name.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("\"{}...\"", name[..end].escape_debug()),
        None => format!("\"{}\"", name.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Kind, QUARTER_100, file, key_on, name, of_format};
    use super::super::{Melody, from_midi};
    use super::*;
    use midly::Format;

    /// One quarter of a key.
    fn quarter(channel: u8, pitch: u8) -> [(u32, Kind); 2] {
        [(0, key_on(channel, pitch, 9)), (100, key_on(channel, pitch, 0))]
    }

    fn named(text: &'static str, notes: &[[(u32, Kind); 2]]) -> Vec<(u32, Kind)> {
        [(0, name(text))].into_iter().chain(notes.iter().flatten().copied()).collect()
    }

    /// A track without notes, drums, a piano with a bass on the same track, and a flute.
    fn band() -> Vec<u8> {
        let drums = named("Drums", &[quarter(10, 36), quarter(10, 80)]);
        let piano = named(" Piano\0", &[quarter(1, 60), quarter(2, 40), quarter(10, 42), quarter(1, 62)]);
        file(QUARTER_100, vec![vec![(0, name("Band"))], drums, piano, named("Flöte", &[quarter(5, 72)])])
    }

    fn selection(track: Option<&str>, channel: Option<u8>) -> MidiSelection {
        MidiSelection { track: track.map(|text| text.parse().unwrap()), channel }
    }

    fn heard(bytes: &[u8], track: Option<&str>, channel: Option<u8>) -> Result<Melody, String> {
        from_midi(bytes, 0.5, &selection(track, channel))
    }

    #[test]
    fn drums_are_no_melody() {
        let melody = heard(&band(), None, None).unwrap();
        // Where the drum plays alone there is a rest.
        assert_eq!(melody.numbers, [40, 20, 0, 42]);
        let source = MelodySource {
            track: 3,
            name: Some("Piano".into()),
            channels: vec![1, 2],
            num_tracks_with_notes: 2,
            num_unended_notes: 0,
        };
        assert_eq!(melody.source, source);
        assert_eq!(source.to_string(), "track 3 \"Piano\", channels 1, 2");
        // In format 0 all channels stand in one track.
        let events = [quarter(10, 90), quarter(4, 50)].concat();
        let melody = heard(&of_format(Format::SingleTrack, QUARTER_100, vec![events]), None, None).unwrap();
        assert_eq!(
            (&melody.numbers[..], melody.source.to_string()),
            (&[0, 30][..], "track 1, channel 4".into())
        );
    }

    #[test]
    fn a_track_and_a_channel_can_be_chosen() {
        let band = band();
        let numbers = |track, channel| heard(&band, track, channel).unwrap().numbers;
        assert_eq!(numbers(Some("4"), None), [52]);
        assert_eq!(numbers(Some("fLÖTE "), None), [52]);
        assert_eq!(numbers(Some("piano"), Some(2)), [0, 20, 0, 0]);
        assert_eq!(numbers(None, Some(5)), [52]);
        assert_eq!(numbers(None, Some(10)), [16, 60]);
        assert_eq!(numbers(Some("3"), Some(10)), [0, 0, 22, 0]);
        assert_eq!(heard(&band, None, Some(10)).unwrap().source.num_tracks_with_notes, 2);
    }

    #[test]
    fn of_tracks_of_one_name_the_first_with_notes_is_taken() {
        let tracks = vec![named("A", &[]), named("a", &[quarter(1, 60)]), named("A", &[quarter(1, 61)])];
        assert_eq!(heard(&file(QUARTER_100, tracks), Some("A"), None).unwrap().source.track, 2);
    }

    #[test]
    fn a_choice_that_matches_nothing_is_told_what_there_is() {
        let band = band();
        let told = |track, channel| heard(&band, track, channel).unwrap_err();
        let list = "it has track 2 \"Drums\": 2 notes on channel 10; track 3 \"Piano\": 2 notes on channel 1, 1 on \
                    channel 2, 1 on channel 10; track 4 \"Flöte\": 1 note on channel 5";
        assert_eq!(
            told(Some("Harp"), None),
            format!("has no notes on track \"Harp\", outside channel 10; {list}")
        );
        assert_eq!(told(Some("4"), Some(1)), format!("has no notes on track 4, channel 1; {list}"));
        assert_eq!(told(None, Some(16)), format!("has no notes on channel 16; {list}"));
        assert_eq!(
            told(Some("drums"), None),
            format!("has no notes on track \"drums\", outside channel 10; {list}")
        );
        for (track, channel) in [(Some("0"), None), (Some("1"), None), (Some("5"), None), (None, Some(0))] {
            assert!(told(track, channel).contains(list));
        }
    }

    #[test]
    fn drums_alone_are_told() {
        let bytes = file(QUARTER_100, vec![named("Kit", &[quarter(10, 36)])]);
        assert_eq!(
            heard(&bytes, None, None).unwrap_err(),
            "holds drums alone (channel 10); `data.midi_channel = 10` takes them"
        );
        assert_eq!(heard(&bytes, None, Some(10)).unwrap().numbers, [16]);
    }

    #[test]
    fn notes_that_never_end_are_counted() {
        let open = |channel, pitch| (0, key_on(channel, pitch, 9));
        let track = [&[open(1, 90), open(10, 40)], &quarter(1, 60)[..]].concat();
        let melody = heard(&file(QUARTER_100, vec![track]), None, None).unwrap();
        assert_eq!((&melody.numbers[..], melody.source.num_unended_notes), (&[40][..], 1));
        assert_eq!(
            heard(&file(QUARTER_100, vec![vec![open(1, 90), open(2, 90)]]), None, None).unwrap_err(),
            "holds no notes that end, and 2 that never do"
        );
    }

    #[test]
    fn names_of_any_bytes_and_lists_of_any_length_are_short() {
        let long: &'static str = "long\u{7}".repeat(100).leak();
        let tracks = (0..100).map(|_| named(long, &[quarter(1, 60)])).collect();
        let error = heard(&file(QUARTER_100, tracks), Some("\u{1b}[2J"), None).unwrap_err();
        assert!(error.len() < 2000 && error.is_ascii() && !error.contains(char::is_control), "{error}");
        assert!(error.ends_with("; 88 more") && error.contains("track \"\\u{1b}[2J\""), "{error}");
        let bytes = &mut file(QUARTER_100, vec![named("A??", &[quarter(1, 60)])]);
        let place = bytes.windows(3).position(|part| part == b"A??").unwrap();
        bytes[place + 1] = 0xE9;
        let melody = heard(bytes, None, None).unwrap();
        assert_eq!(melody.source.to_string(), "track 1 \"A\u{fffd}?\", channel 1");
    }
}
