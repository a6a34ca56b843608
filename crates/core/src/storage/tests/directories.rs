use super::*;

/// Returns a temporary directory and its files.
fn in_directory() -> (tempfile::TempDir, Files) {
    let directory = tempfile::tempdir().unwrap();
    let files = Files::Directory(directory.path().join("exports"));
    (directory, files)
}

async fn keys(files: &Files, beginning: &str) -> Vec<String> {
    files.list(beginning).await.unwrap().into_iter().map(|file| file.key).collect()
}

#[tokio::test]
async fn put_file_can_be_read() {
    let (_directory, files) = in_directory();
    assert_eq!(files.get("a/b.json").await.unwrap(), None);
    assert!(files.open("a/b.json").await.unwrap().is_none());
    let stored = files.put("a/b.json", b"abc".into()).await.unwrap();
    // The MD5 of RFC 1321's own example.
    assert!(stored.is(3, "900150983cd24fb0d6963f7d28e17f72"), "{stored:?}");
    files.put("a/b.json", b"abcd".into()).await.unwrap();
    assert_eq!(files.get("a/b.json").await.unwrap().unwrap(), "abcd");
}

#[tokio::test]
async fn new_file_never_replaces_another() {
    let (directory, files) = in_directory();
    assert!(files.put_new("a.json", b"mine".into()).await.unwrap());
    assert!(files.put_new("a.json", b"mine".into()).await.unwrap(), "an earlier call wrote the same file");
    assert!(!files.put_new("a.json", b"theirs".into()).await.unwrap());
    assert_eq!(files.get("a.json").await.unwrap().unwrap(), "mine");
    assert_eq!(std::fs::read_dir(directory.path().join("exports")).unwrap().count(), 1);
}

#[tokio::test]
async fn files_are_listed_by_key_without_temporary_files() {
    let (_directory, files) = in_directory();
    assert_eq!(keys(&files, "").await, [""; 0]);
    for key in ["b/1.json", "a/2.json", "a/1.json", "a-1.json", "c"] {
        files.put(key, key.into()).await.unwrap();
    }
    let mut upload = files.upload("a/3.json");
    upload.push(b"abc".into()).await.unwrap();
    assert_eq!(keys(&files, "").await, ["a-1.json", "a/1.json", "a/2.json", "b/1.json", "c"]);
    assert_eq!(keys(&files, "a/").await, ["a/1.json", "a/2.json"]);
    assert_eq!(keys(&files, "a/2").await, ["a/2.json"]);
    assert_eq!(keys(&files, "d/").await, [""; 0]);
    let listed = files.list("c").await.unwrap();
    assert_eq!(listed, [StoredFile { key: "c".to_owned(), size: 1, etag: String::new() }]);
}

#[tokio::test]
async fn upload_is_complete_or_absent() {
    let (_directory, files) = in_directory();
    let mut upload = files.upload("a/1.json");
    upload.push(b"a".into()).await.unwrap();
    upload.push(b"bc".into()).await.unwrap();
    assert_eq!(files.get("a/1.json").await.unwrap(), None);
    let stored = upload.finish().await.unwrap();
    assert!(stored.is(3, "900150983cd24fb0d6963f7d28e17f72"), "{stored:?}");
    assert_eq!(files.get("a/1.json").await.unwrap().unwrap(), "abc");
    let empty = files.upload("a/2.json").finish().await.unwrap();
    assert_eq!((empty.size, files.get("a/2.json").await.unwrap().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn open_uploads_are_removed() {
    let (directory, files) = in_directory();
    let mut aborted = files.upload("a/0.json");
    aborted.push(b"abc".into()).await.unwrap();
    aborted.abort().await;
    files.upload("a/0.json").abort().await;
    for key in ["a/1.json", "a/1.json", "b/1.json", "c.json"] {
        let mut upload = files.upload(key);
        upload.push(b"abc".into()).await.unwrap();
        drop(upload);
    }
    files.put("a/2.json", b"abc".into()).await.unwrap();
    assert_eq!(files.abort_uploads("a/").await.unwrap(), 2);
    assert_eq!(files.abort_uploads("").await.unwrap(), 2);
    let left: Vec<_> = std::fs::read_dir(directory.path().join("exports/a")).unwrap().collect();
    assert_eq!((left.len(), keys(&files, "").await), (1, vec!["a/2.json".to_owned()]));
}

#[tokio::test]
async fn long_file_is_read_in_pieces() {
    let (_directory, files) = in_directory();
    let body = bytes(1_000_000);
    files.put("a.json", body.clone()).await.unwrap();
    let mut reading = files.open("a.json").await.unwrap().unwrap();
    let (mut read, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = reading.next().await.unwrap() {
        read.extend_from_slice(&piece);
        pieces += 1;
    }
    assert!(read == body && pieces >= 4, "{pieces}");
}

#[tokio::test]
async fn keys_outside_the_directory_are_refused() {
    let (_directory, files) = in_directory();
    for key in ["../a", "a/../../b", "/a", "a//b", "a/", "", "a\\b", "./a", "a/.b.json.1-2.upload"] {
        for refused in [
            files.put(key, Vec::new()).await.map(drop),
            files.get(key).await.map(drop),
            files.upload(key).finish().await.map(drop),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.name(), ErrorName::RequestRefused, "{key}");
            assert!(error.to_string().contains("a key must have parts like"), "{error}");
        }
    }
    files.list("../a").await.unwrap_err();
    files.abort_uploads("../a").await.unwrap_err();
}

#[tokio::test]
async fn file_system_errors_contain_the_path() {
    let (_directory, files) = in_directory();
    files.put("a", b"abc".into()).await.unwrap();
    let error = files.put("a/b.json", b"abc".into()).await.unwrap_err();
    assert!(error.to_string().contains("exports/a: "), "{error}");
    assert_eq!(error.name(), ErrorName::RequestRefused);
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let error = FilesError::File { path: "a".to_owned(), source: denied };
    assert_eq!(error.name(), ErrorName::AccessDenied);
}
