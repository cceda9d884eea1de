//! The pages as a book: SUMMARY.md lists each of them once, and links lead somewhere.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

const SUMMARY: &str = "docs/SUMMARY.md";

/// Pages outside the book whose links are checked as well.
const FURTHER: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

/// Fails with everything that is wrong.
pub fn check(root: &Path) -> Result<()> {
    let faults = faults(root)?;
    ensure!(faults.is_empty(), "the book has faults:\n  {}", faults.join("\n  "));
    Ok(())
}

fn faults(root: &Path) -> Result<Vec<String>> {
    let mut pages = Vec::new();
    find_pages(root, Path::new("docs"), &mut pages)?;
    pages.sort();
    let mut texts = BTreeMap::new();
    for page in pages.iter().cloned().chain(FURTHER.map(PathBuf::from)) {
        let path = root.join(&page);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        texts.insert(page, text);
    }
    let mut faults = Vec::new();
    let listed: Vec<PathBuf> = links(&texts[Path::new(SUMMARY)])
        .into_iter()
        .map(|link| Path::new("docs").join(link.target))
        .collect();
    for page in pages.iter().filter(|page| *page != Path::new(SUMMARY)) {
        let times = listed.iter().filter(|other| *other == page).count();
        if times != 1 {
            faults.push(format!("{SUMMARY} lists {} {times} times, expected once", page.display()));
        }
    }
    for (page, text) in &texts {
        for link in links(text).into_iter().filter(|link| !link.is_elsewhere()) {
            if let Some(fault) = fault_of(root, &texts, page, &link) {
                faults.push(format!("{}, line {}: {} {fault}", page.display(), link.line, link.target));
            }
        }
    }
    Ok(faults)
}

fn find_pages(root: &Path, folder: &Path, pages: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(root.join(folder)).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            find_pages(root, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

/// What is wrong with a relative link of a page.
fn fault_of(root: &Path, texts: &BTreeMap<PathBuf, String>, page: &Path, link: &Link) -> Option<String> {
    let (path, heading) =
        link.target.split_once('#').map_or((link.target.as_str(), None), |(p, h)| (p, Some(h)));
    let folder = page.parent().expect("a page lies in a folder");
    let Some(target) = (if path.is_empty() { Some(page.to_owned()) } else { normal(&folder.join(path)) })
    else {
        return Some("lies outside the repository".into());
    };
    if !root.join(&target).exists() {
        return Some("does not exist".into());
    }
    let is_page = target.extension().is_some_and(|extension| extension == "md");
    if page.starts_with("docs") && is_page && !target.starts_with("docs") {
        return Some("is no page of the book, which would look for it as .html".into());
    }
    let heading = heading?;
    match texts.get(&target) {
        Some(text) if headings(text).iter().any(|known| known == heading) => None,
        Some(_) => Some("has no such heading".into()),
        // Lines of code and the like are a web page's own.
        None => None,
    }
}

/// The path without `..`; nothing if it climbs out.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                if !result.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            part => result.push(part),
        }
    }
    Some(result)
}

/// A link and the line it stands in, from 1.
#[derive(Debug, PartialEq)]
struct Link {
    target: String,
    line: usize,
}

impl Link {
    fn is_elsewhere(&self) -> bool {
        self.target.contains("://") || self.target.starts_with("mailto:")
    }
}

/// The links of a page, `[text](target)`, without those in code.
fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for (line, prose) in prose(text) {
        let prose = without_code(prose);
        let mut rest = prose.as_str();
        while let Some((_, behind)) = rest.split_once("](") {
            let Some((target, behind)) = behind.split_once(')') else { break };
            links.push(Link { target: target.trim().to_owned(), line });
            rest = behind;
        }
    }
    links
}

/// Headings as fragments of an address.
fn headings(text: &str) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let Some(title) = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
        else {
            continue;
        };
        let letters = title.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String =
            letters.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
        let times = known.iter().filter(|other| **other == slug).count();
        known.push(slug.clone());
        if times > 0 {
            known.push(format!("{slug}-{times}"));
        }
    }
    known
}

/// Numbered lines outside blocks of code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(i, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        let code = fenced || fence || line.starts_with("    ");
        (!code).then_some((i + 1, line))
    })
}

/// The line without `code`.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_is_whole() {
        check(&crate::root()).unwrap();
    }

    #[test]
    fn every_kind_of_fault_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "README.md",
            "# Top\n[a](docs/a.md#one-more-2) `[x](no.md)` [b](docs/b.md) [w](https://a.b/c.md)\n",
        );
        write("CONTRIBUTING.md", "```\n[x](no.md)\n```\n\n    [x](no.md)\n");
        write(
            "docs/a.md",
            "# A\n\n## One more: 2\n\n[self](#a) [top](../README.md) [out](../../x) [code](../c.rs#L3)\n",
        );
        write("docs/t/b.md", "# B\n[a](../a.md#two)\n");
        write("c.rs", "");
        write(SUMMARY, "# Summary\n\n- [A](a.md)\n- [again](a.md)\n- [gone](gone.md)\n");
        let faults = faults(folder.path()).unwrap();
        assert_eq!(
            faults,
            [
                "docs/SUMMARY.md lists docs/a.md 2 times, expected once",
                "docs/SUMMARY.md lists docs/t/b.md 0 times, expected once",
                "README.md, line 2: docs/b.md does not exist",
                "docs/SUMMARY.md, line 5: gone.md does not exist",
                "docs/a.md, line 5: ../README.md is no page of the book, which would look for it as .html",
                "docs/a.md, line 5: ../../x lies outside the repository",
                "docs/t/b.md, line 2: ../a.md#two has no such heading",
            ]
        );
    }

    #[test]
    fn equal_headings_are_numbered() {
        assert_eq!(
            headings("# A b\n```\n# no\n```\n## A b\n### `x.y`: Z\n"),
            ["a-b", "a-b", "a-b-1", "xy-z"]
        );
    }
}
