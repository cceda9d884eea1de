//! Paths as settings, which are text: one that is not UTF-8 is written as a URI (`file:///a/x%E9.txt`, RFC 8089).

use super::settings::{DataConfig, GeneratorConfig, OracleConfig};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const SCHEME: &str = "file://";

/// The path that a setting names: text as it stands, or a `file://` URI.
pub fn path_of(setting: &str) -> PathBuf {
    match setting.strip_prefix(SCHEME).filter(|path| path.starts_with('/')) {
        Some(path) => os_string(decoded(path)).into(),
        None => setting.into(),
    }
}

/// The setting that names a path.
pub fn path_setting(path: &Path) -> String {
    if let Some(text) = path.to_str().filter(|text| !text.starts_with(SCHEME)) {
        return text.into();
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let encoded = path.as_os_str().as_encoded_bytes().iter().map(|&byte| match byte {
        byte if is_plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    SCHEME.to_string() + &encoded.collect::<String>()
}

/// The bytes of a URI's path.
fn decoded(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = match behind {
            [a, b, ..] if *first == b'%' => digit(*a).zip(digit(*b)),
            _ => None,
        };
        match code {
            Some((high, low)) => {
                bytes.push(16 * high + low);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    bytes
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

impl DataConfig {
    /// The training file.
    pub fn training_path(&self) -> PathBuf {
        path_of(&self.path)
    }

    /// The test file.
    pub fn test_path(&self) -> PathBuf {
        path_of(&self.test)
    }

    /// The tokenizer.json.
    pub fn tokenizer_path(&self) -> PathBuf {
        path_of(&self.tokenizer)
    }
}

impl GeneratorConfig {
    /// The run folder or file of the initial model; none where training begins with random parameters.
    pub fn init_path(&self) -> Option<PathBuf> {
        (!self.init_from.is_empty()).then(|| path_of(&self.init_from))
    }
}

impl OracleConfig {
    /// The file of the oracle's parameters.
    pub fn params_path(&self) -> PathBuf {
        path_of(&self.params)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn every_path_can_be_a_setting() {
        for plain in ["a.txt", "./b c.txt", "-", "/d/100 %/é.txt", "file:/x"] {
            assert_eq!((path_setting(Path::new(plain)).as_str(), path_of(plain)), (plain, plain.into()));
        }
        let odd = Path::new(OsStr::from_bytes(b"/d e/x\xe9%41.txt"));
        assert_eq!(path_setting(odd), "file:///d%20e/x%E9%2541.txt");
        assert_eq!(path_of(&path_setting(odd)), odd);
        let relative = Path::new(OsStr::from_bytes(b"x\xff"));
        assert_eq!(path_of(&path_setting(relative)), std::env::current_dir().unwrap().join(relative));
        // A name that looks like a URI, and one that is none.
        let path = Path::new("/file:///x");
        assert_eq!(path_of(&path_setting(path)), path);
        assert_eq!(path_of("file://host/x"), Path::new("file://host/x"));
    }
}
