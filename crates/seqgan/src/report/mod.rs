//! A page for people: the folders of runs and comparisons as one HTML file that needs nothing but itself.
//!
//! Reads what runs have written ([`crate::run`]) and knows metric records, no models. What a folder does not hold is
//! not shown; what it holds in a damaged state is an error that names the file. Definitions of the numbers stand in
//! docs/metrics.md, how to read the page in docs/report.md.
//!
//! ```text
//! records    the shapes of summary.json and metrics.jsonl, as far as the page needs them
//! folder     a folder with all its files; log: metrics.jsonl; settings: config.toml against the preset
//! scale      where ticks stand; plot: what a figure shows; svg: how it is drawn, with marks and labels
//! figure     drawings with legend and tables
//! sections/  one part of the page a file
//! page       all of them in order, with the style
//! ```

mod figure;
mod folder;
mod labels;
mod log;
mod marks;
mod numbers;
mod page;
mod palette;
mod plot;
mod records;
mod scale;
mod sections;
mod settings;
mod svg;

use crate::Result;
use folder::Folder;
pub use folder::ModelInUse;
use std::path::{Path, PathBuf};

/// What stands in every page that this module has written, so that a program may know its own pages again.
pub const GENERATOR: &str = concat!("seqgan ", env!("CARGO_PKG_VERSION"), " report");

/// Folders, read and ready to be shown.
#[derive(Debug)]
pub struct Report {
    folders: Vec<Folder>,
}

impl Report {
    /// Reads folders of single runs and of comparisons.
    ///
    /// # Errors
    ///
    /// A folder that is neither, and any file that cannot be read or understood, by its name.
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        Ok(Self { folders: paths.iter().map(|path| Folder::read(path)).collect::<Result<_>>()? })
    }

    /// Says which model of a run is used without a name, as `of` tells by the folder; nothing where it cannot tell. In a
    /// comparison it is asked for the run whose samples are shown.
    #[must_use]
    pub fn with_models(mut self, of: impl Fn(&Path) -> Option<ModelInUse>) -> Self {
        for run in self.folders.iter_mut().filter_map(Folder::run_in_use) {
            let model = of(&run.path);
            run.set_model(model);
        }
        self
    }

    /// The page.
    pub fn html(&self) -> String {
        page::page(&self.folders).into_string()
    }
}
