//! Reads an experiments file from disk without trusting it to be one.

use std::path::Path;

use super::{
    Study,
    read::{parse, too_large},
    schema::LARGEST_FILE,
};
use crate::config::{Finding, LoadError, Problems, locate, looks_like_utf16, read_given};

/// Reads the experiments file at `path`; the study is called after the file.
///
/// # Errors
///
/// [`LoadError::Io`] if the file cannot be read, [`LoadError::Problems`] if it is no valid experiments
/// file.
pub fn load(path: &Path) -> Result<Study, LoadError> {
    let bytes = read_given(path, LARGEST_FILE as u64);
    let bytes = bytes.map_err(|source| LoadError::Io { path: path.to_owned(), source })?;
    let text = match String::from_utf8(bytes) {
        Ok(text) if text.len() <= LARGEST_FILE && looks_like_utf16(text.as_bytes()) => {
            return Err(refuse(path, "", "this looks like UTF-16: save the file as UTF-8 text".to_owned()));
        }
        Ok(text) if text.len() <= LARGEST_FILE => text,
        Ok(_) => return Err(refuse(path, "", too_large())),
        Err(error) if error.as_bytes().len() > LARGEST_FILE => return Err(refuse(path, "", too_large())),
        Err(error) => {
            let (valid, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
            let byte = rest.first().copied().unwrap_or_default();
            let hint = if looks_like_utf16(error.as_bytes()) { " (it looks like UTF-16)" } else { "" };
            let message = format!("byte 0x{byte:02x} is not UTF-8{hint}: save the file as UTF-8 text");
            return Err(refuse(path, &String::from_utf8_lossy(valid), message));
        }
    };
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    parse(&name, Some(path), &text).map_err(LoadError::Problems)
}

/// A problem at the end of `before`.
fn refuse(path: &Path, before: &str, message: String) -> LoadError {
    let list = locate(before, vec![Finding { at: before.len(), message }]);
    LoadError::Problems(Problems { file: path.display().to_string(), list })
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn problem(bytes: &[u8]) -> (usize, usize, String) {
        let (_folder, path) = file("a.toml", bytes);
        match load(&path) {
            Err(LoadError::Problems(problems)) => {
                assert!(problems.to_string().starts_with(&path.display().to_string()));
                let first = problems.list[0].clone();
                (first.line, first.column, first.message)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_study_is_called_after_its_file() {
        let text = "[[experiment]]\nname = \"A\"\nalgorithm = \"random\"\n";
        let (_folder, path) = file("my study.toml", text.as_bytes());
        let study = load(&path).unwrap();
        assert_eq!((study.name.as_str(), study.path.as_deref()), ("my study", Some(path.as_path())));
    }

    #[test]
    fn what_cannot_be_read_is_an_io_error() {
        let folder = tempfile::tempdir().unwrap();
        let directory = load(folder.path()).unwrap_err();
        assert!(directory.to_string().contains("is a directory"), "{directory}");
        let absent = load(&folder.path().join("absent.toml")).unwrap_err();
        assert!(absent.to_string().contains("metascope init"), "{absent}");
        assert_eq!((directory.exit_code(), absent.exit_code()), (1, 1));
    }

    #[test]
    fn what_is_no_text_is_a_problem_with_a_place() {
        let (line, column, message) = problem(b"# caf\xc3\xa9\nname = \"\xff\"");
        assert_eq!((line, column), (2, 9));
        assert!(message.contains("0xff is not UTF-8"), "{message}");
        let (line, column, message) = problem(b"\xff\xfea\0");
        assert_eq!((line, column), (1, 1));
        assert!(message.contains("UTF-16"), "{message}");
        // Without a mark it is text as well as any, with a NUL after every letter.
        let text = "[defaults]\ninner_lr = 0.01\n# né\n";
        for bytes in [
            text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            text[..20].encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ] {
            let (line, column, message) = problem(&bytes);
            assert!(
                (line, column) == (1, 1) || message.contains("is not UTF-8"),
                "{line}:{column}: {message}"
            );
            assert!(message.contains("looks like UTF-16"), "{message}");
        }
    }

    #[test]
    fn a_file_over_a_mebibyte_is_refused_text_or_not() {
        assert!(problem(&vec![b'#'; LARGEST_FILE + 1]).2.contains("larger than 1 MiB"));
        assert!(problem(&vec![0xff; LARGEST_FILE + 1]).2.contains("larger than 1 MiB"));
        assert!(problem(&vec![b'#'; LARGEST_FILE]).2.contains("no [[experiment]]"));
    }

    #[cfg(unix)]
    #[test]
    fn an_endless_device_ends() {
        let error = load(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().contains("a device"), "{error}");
    }
}
