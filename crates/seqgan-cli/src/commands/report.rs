//! `seqgan report`: writes a page with tables and figures of runs.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use seqgan::Error;
use seqgan::checkpoint::write_atomically;
use seqgan::report::{GENERATOR, ModelInUse, Report};
use seqgan::saved::SavedRun;

use crate::args::ReportArgs;
use crate::{choice, messages};

/// Runs the command.
pub fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let out = match (&args.out, args.runs.as_slice()) {
        (Some(out), _) => out.clone(),
        (None, [run]) => run.join("report.html"),
        (None, _) => PathBuf::from("report.html"),
    };
    // Folders are read first: a name that is no folder is a better thing to say than where the page cannot lie.
    let report = Report::read(&args.runs)?.with_models(model_in_use);
    check_place(&out)?;
    write_atomically(&out, report.html().as_bytes())?;
    messages::print(&format!("{}\n", out.display()))?;
    Ok(())
}

/// The model that other commands take of a run. A page can do without it: a folder may hold results alone.
fn model_in_use(run: &Path) -> Option<ModelInUse> {
    let choice = SavedRun::open(run).ok()?.choose(None, None).ok()?;
    Some(ModelInUse {
        method: choice.model.method.to_string(),
        round: choice.model.round(),
        sentence: choice::sentence(&choice),
    })
}

/// A page that a report wrote may be written again; any other file is somebody's.
fn check_place(path: &Path) -> anyhow::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let mut head = Vec::new();
    if path.is_file() {
        let file = File::open(path).map_err(Error::io("read", path))?;
        file.take(1024).read_to_end(&mut head).map_err(Error::io("read", path))?;
    }
    // Pages of other versions are pages too: only the program's name counts.
    let name = GENERATOR.split(' ').next().unwrap_or_default();
    let mark = format!("<meta name=\"generator\" content=\"{name} ");
    if String::from_utf8_lossy(&head).contains(&mark) {
        return Ok(());
    }
    Err(Error::Run {
        path: path.into(),
        message: "exists already and is no report; nothing is overwritten".into(),
        hint: Some("give another --out, or remove it".into()),
    }
    .into())
}
