//! Formats of data files, by name.

use std::path::Path;
use std::str::FromStr;

/// Format of a file of sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileFormat {
    /// One sequence a line.
    #[default]
    Text,
    /// One sequence of whole numbers a line.
    Ids,
    /// A column of a table of comma-separated values.
    Csv,
    /// A column of a table of tab-separated values.
    Tsv,
    /// One JSON value per line: a string, an array, or an object with the sequence as a member.
    Jsonl,
    /// The first field of each line, a molecule.
    Smiles,
    /// DNA, RNA or proteins with headings.
    Fasta,
    /// A MIDI file, or a folder of them, a melody each.
    Midi,
}

impl FileFormat {
    /// All formats, in the order of the documentation.
    pub const ALL: [Self; 8] =
        [Self::Text, Self::Ids, Self::Csv, Self::Tsv, Self::Jsonl, Self::Smiles, Self::Fasta, Self::Midi];

    /// The name in settings and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Ids => "ids",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Jsonl => "jsonl",
            Self::Smiles => "smiles",
            Self::Fasta => "fasta",
            Self::Midi => "midi",
        }
    }

    /// Line of help, with the extensions of the format.
    pub fn description(self) -> &'static str {
        match self {
            Self::Text => "One sequence a line (.txt)",
            Self::Ids => "One sequence of whole numbers a line",
            Self::Csv => "A column of a table, comma-separated (.csv)",
            Self::Tsv => "A column of a table, tab-separated (.tsv, .tab)",
            Self::Jsonl => "A JSON value per line (.jsonl, .ndjson, .jl)",
            Self::Smiles => "Molecules, a SMILES string per line (.smi, .smiles, .ism, .can)",
            Self::Fasta => "DNA, RNA, proteins (.fasta, .fa, .fas, .fna, .faa, .ffn, .pep, ..)",
            Self::Midi => "Melodies: MIDI files (.mid, .midi), or a folder of them",
        }
    }

    /// Extensions of files that are another kind than any format here, whatever they hold.
    pub const FOREIGN: [&str; 24] = [
        "json", "parquet", "arrow", "feather", "avro", "xlsx", "xls", "ods", "docx", "zip", "7z", "rar",
        "bz2", "xz", "lz4", "npy", "npz", "pkl", "h5", "hdf5", "sqlite", "db", "pdf", "sdf",
    ];

    /// Extensions of compressed files, behind that of the format.
    pub const PACKED: [&str; 3] = ["gz", "zst", "zstd"];

    /// Format by the extension of a file, compressed or not (`.csv.gz`).
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let packed = Self::PACKED.into_iter().find_map(|end| name.strip_suffix(end)?.strip_suffix('.'));
        let (_, extension) = packed.unwrap_or(&name).rsplit_once('.')?;
        Some(match extension {
            "txt" => Self::Text,
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "jsonl" | "ndjson" | "jl" | "jsonlines" | "ldjson" => Self::Jsonl,
            "smi" | "smiles" | "ism" | "can" | "cxsmiles" => Self::Smiles,
            "fasta" | "fa" | "fas" | "fsa" | "fna" | "ffn" | "frn" | "faa" | "mpfa" | "pep" | "seq" => {
                Self::Fasta
            }
            "mid" | "midi" | "kar" | "rmi" => Self::Midi,
            _ => return None,
        })
    }

    /// Whether sequences stand in columns of a table or members of objects, which have names.
    pub fn has_columns(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Jsonl)
    }

    /// Noun for one sequence of the file, for messages.
    pub fn record(self) -> &'static str {
        match self {
            Self::Text | Self::Ids | Self::Jsonl | Self::Smiles => "line",
            Self::Csv | Self::Tsv => "row",
            Self::Fasta => "record",
            Self::Midi => "file",
        }
    }
}

impl FromStr for FileFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
            format!("unknown format {name}, expected one of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_formats_compressed_or_not() {
        for format in FileFormat::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let of = |name: &str| FileFormat::of_name(Path::new(name));
        assert_eq!(of("a/b.CSV"), Some(FileFormat::Csv));
        assert_eq!(of("genes.fa.gz"), Some(FileFormat::Fasta));
        assert_eq!(of("x.jsonl.zst"), Some(FileFormat::Jsonl));
        assert_eq!(["x.mid", "x.MIDI", "x.kar", "x.rmi"].map(of), [Some(FileFormat::Midi); 4]);
        assert_eq!([of("x.gz"), of("x"), of("x.doc"), of(".txt.d/x")], [None; 4]);
    }
}
