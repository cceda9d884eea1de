//! Bytes of a MIDI file to its events, all of them: the parser alone would leave out in silence what it cannot read.

use midly::num::u15;
use midly::{EventIter, MetaMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};

/// The events of a file. The error says what is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> Result<Smf<'_>, String> {
    if bytes.is_empty() {
        return Err("is empty (0 bytes)".into());
    }
    // The parser negates this byte of the head, which has no negative: a panic where overflow is looked for.
    if bytes.windows(13).any(|head| head.starts_with(b"MThd") && head[12] == 0x80) {
        return Err("no MIDI file: it says that a second has 128 frames".into());
    }
    // This takes a file out of the RIFF that may wrap it (.rmi).
    let (header, tracks) = midly::parse(bytes).map_err(|error| format!("no MIDI file: {error}"))?;
    // Of an iterator that has given nothing yet, this is what the header declares.
    let (declared, _) = tracks.size_hint();
    let chunks = track_chunks(tracks.unread());
    if chunks.len() < declared {
        let found = chunks.len();
        return Err(format!("cut off or damaged: {found} tracks, where its head says {declared}"));
    }
    let tracks = chunks
        .iter()
        .enumerate()
        .map(|(index, chunk)| {
            chunk.events().ok_or_else(|| format!("cut off or damaged: no end of track {}", index + 1))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if header.timing == Timing::Metrical(u15::new(0)) {
        return Err("says that a quarter has 0 ticks".into());
    }
    if matches!(header.timing, Timing::Timecode(_, 0)) {
        return Err("says that a frame has 0 ticks".into());
    }
    Ok(Smf { header, tracks })
}

/// The bytes of a track.
struct TrackChunk<'a> {
    bytes: &'a [u8],
    /// Whether the file holds as many of them as the chunk declares.
    is_whole: bool,
}

/// The tracks among the chunks behind the head. Chunks of other kinds are skipped, as the standard asks for, and so are
/// stray bytes behind the last one.
fn track_chunks(mut rest: &[u8]) -> Vec<TrackChunk<'_>> {
    let mut tracks = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk::<8>() {
        let [kind @ .., a, b, c, d] = head;
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (bytes, next) = behind.split_at(length.min(behind.len()));
        if kind == b"MTrk" {
            tracks.push(TrackChunk { bytes, is_whole: bytes.len() == length });
        }
        rest = next;
    }
    tracks
}

impl<'a> TrackChunk<'a> {
    /// All events of the track, or nothing where some are missing.
    ///
    /// A track ends with an event that says so. Some programs leave that event out; their track is whole if its chunk
    /// is, and if every byte of it belongs to an event.
    fn events(&self) -> Option<Track<'a>> {
        let mut parser = EventIter::new(self.bytes).bytemapped();
        let mut events: Vec<TrackEvent<'a>> = Vec::new();
        let (mut status, mut last, mut all_read) = (None, &[][..], true);
        while !parser.unread().is_empty() {
            let Some(Ok((bytes, event))) = parser.next() else {
                all_read = false;
                break;
            };
            last = bytes;
            events.push(event);
            // Events of text and data end the running status by the standard. Many programs go on with it, and readers
            // follow them. Behind the end of a track there may be padding, which is no event.
            match parser.running_status() {
                _ if is_end(&event) => status = None,
                Some(running) => status = Some(running),
                None => *parser.running_status_mut() = status,
            }
        }
        let last_event = events.last()?;
        let is_complete = self.is_whole && all_read && !is_cut(last);
        (is_end(last_event) || is_complete).then_some(events)
    }
}

fn is_end(event: &TrackEvent<'_>) -> bool {
    event.kind == TrackEventKind::Meta(MetaMessage::EndOfTrack)
}

/// Whether an event of text or data declares more bytes than it has. The parser gives such an event the rest of the
/// track, whatever that was.
fn is_cut(event: &[u8]) -> bool {
    let ([0xFF, _, sized @ ..] | [0xF0 | 0xF7, sized @ ..]) = event else { return false };
    let mut length = 0;
    // A length has 7 bits a byte, in four bytes at most; the last one has no top bit.
    for (index, &byte) in sized.iter().take(4).enumerate() {
        length = length << 7 | usize::from(byte & 0x7F);
        if byte < 0x80 {
            return sized.len() - index - 1 < length;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::fixture::raw;
    use super::super::{MidiSelection, from_midi};

    /// Format 0, one track, 100 ticks a quarter.
    const HEAD: [u8; 6] = [0, 0, 0, 1, 0, 100];
    const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

    /// A number a quarter.
    fn heard(bytes: &[u8]) -> Result<Vec<u32>, String> {
        Ok(from_midi(bytes, 0.5, &MidiSelection::default())?.numbers)
    }

    fn of_track(events: &[u8]) -> Result<Vec<u32>, String> {
        heard(&raw(&HEAD, &[events]))
    }

    fn is_cut_off(result: Result<Vec<u32>, String>) {
        assert_eq!(result, Err("cut off or damaged: no end of track 1".into()));
    }

    #[test]
    fn the_running_status_goes_on() {
        let notes = [0, 0x90, 60, 9, 100, 60, 0, 0, 62, 9, 100, 62, 0];
        assert_eq!(of_track(&[&notes[..], &END].concat()), Ok(vec![40, 42]));
        // A text and data stand between a press and the release that has no status of its own.
        let text = [0, 0xFF, 1, 2, b'h', b'i'];
        let data = [0, 0xF0, 3, 1, 2, 0xF7];
        for between in [&text[..], &data] {
            let track = [&notes[..4], between, &notes[4..], &END].concat();
            assert_eq!(of_track(&track), Ok(vec![40, 42]), "{between:?}");
        }
        // Without any status before it nothing says what it is.
        is_cut_off(of_track(&[&[0, 60, 9][..], &END].concat()));
    }

    #[test]
    fn a_whole_track_may_lack_the_event_of_its_end() {
        let notes = [0, 0x90, 60, 9, 100, 60, 0];
        assert_eq!(of_track(&notes), Ok(vec![40]));
        // The file ends before the chunk does.
        let whole = raw(&HEAD, &[&notes]);
        is_cut_off(heard(&whole[..whole.len() - 3]));
        // The last event misses a byte, or only its time is there.
        is_cut_off(of_track(&notes[..6]));
        is_cut_off(of_track(&notes[..5]));
        // A text at the end is whole, declares more than is there, or has no end of its length.
        assert_eq!(of_track(&[&notes[..], &[0, 0xFF, 1, 2, b'h', b'i']].concat()), Ok(vec![40]));
        is_cut_off(of_track(&[&notes[..], &[0, 0xFF, 1, 3, b'h', b'i']].concat()));
        is_cut_off(of_track(&[&notes[..], &[0, 0xFF, 1, 0x80]].concat()));
        is_cut_off(of_track(&[&notes[..], &[0, 0xF0, 2, 1]].concat()));
        is_cut_off(of_track(&[]));
    }

    #[test]
    fn padding_behind_the_end_is_no_event() {
        let notes = [0, 0x90, 60, 9, 100, 60, 0];
        assert_eq!(of_track(&[&notes[..], &END, &[0; 8]].concat()), Ok(vec![40]));
        let whole = raw(&HEAD, &[&[&notes[..], &END].concat()]);
        for stray in [&b"\n"[..], b"TAG and more of it", &[0; 100], b"MTr"] {
            assert_eq!(heard(&[&whole, stray].concat()), Ok(vec![40]), "{stray:?}");
        }
    }

    #[test]
    fn other_chunks_and_longer_heads_are_skipped() {
        let notes = [&[0, 0x90, 60, 9, 100, 60, 0][..], &END].concat();
        let whole = raw(&[&HEAD[..], b"more"].concat(), &[&notes]);
        assert_eq!(heard(&whole), Ok(vec![40]));
        let (head, track) = whole.split_at(18);
        assert_eq!(heard(&[head, b"XFIH\0\0\0\x03abc", track].concat()), Ok(vec![40]));
    }

    #[test]
    fn fewer_tracks_than_declared_are_refused() {
        let notes = [&[0, 0x90, 60, 9, 100, 60, 0][..], &END].concat();
        assert_eq!(
            heard(&raw(&[0, 1, 0, 2, 0, 100], &[&notes])),
            Err("cut off or damaged: 1 tracks, where its head says 2".into())
        );
    }

    #[test]
    fn a_file_in_a_riff_is_read() {
        let midi = raw(&HEAD, &[&[&[0, 0x90, 60, 9, 100, 60, 0][..], &END].concat()]);
        let size = |bytes: usize| (bytes as u32).to_le_bytes();
        let data = [b"RMIDdata", &size(midi.len())[..], &midi].concat();
        assert_eq!(heard(&[b"RIFF", &size(data.len())[..], &data].concat()), Ok(vec![40]));
        assert!(heard(b"RIFF\x04\0\0\0WAVE").unwrap_err().contains("no MIDI file"));
    }
}
