//! A real browser without a network: what a page looks like from inside.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Names of the browser, first those of Debian.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A page that shows another one in a frame and writes down what is in it.
const MEASURE: &str = include_str!("measure.html");

/// Chromium, where it is found. The variable SEQGAN_CHROMIUM names one that must be there.
pub fn chromium() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SEQGAN_CHROMIUM").filter(|value| !value.is_empty()) {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "SEQGAN_CHROMIUM is set, but there is no {}", path.display());
        return Some(path);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = found.into_iter().find(|path| path.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: no Chromium is installed, so no page was opened in a browser");
    }
    found
}

/// What a browser saw.
pub struct Seen {
    /// What measure.html wrote down, by its own comments.
    pub page: Value,
    /// Lines of the console: errors, warnings, refused loads.
    pub console: Vec<String>,
}

/// Opens `page`, `width` pixels wide, in a browser that reaches no network.
pub fn open(browser: &Path, page: &Path, width: u32) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(page, folder.path().join("page.html")).unwrap();
    let measure = folder.path().join("measure.html");
    std::fs::write(&measure, MEASURE.replace("WIDTH", &width.to_string())).unwrap();
    let mut command = Command::new(browser);
    command.args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    // No name has an address, so that whatever the page asks for fails and is said on the console.
    command.args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0"]);
    // The measuring page may look into its frame although both are files.
    command.args(["--allow-file-access-from-files", "--virtual-time-budget=10000", "--dump-dom"]);
    command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
    command.arg(format!("file://{}", measure.display())).stdin(Stdio::null());
    let output = command.output().expect("the browser starts");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{messages}");
    let dom = String::from_utf8(output.stdout).expect("the browser prints UTF-8");
    let text = dom.split("id=\"result\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let text = text.unwrap_or_else(|| panic!("the measuring page was not shown:\n{dom}\n{messages}"));
    // The text of an element is written with these three escaped.
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let page = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: `{text}`\n{messages}"));
    let console = messages.lines().filter(|line| line.contains("CONSOLE")).map(String::from).collect();
    Seen { page, console }
}
