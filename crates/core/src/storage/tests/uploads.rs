use super::upload::PIECE;
use super::*;

/// Writes bytes in pieces of this size.
async fn write(files: &Files, key: &str, body: &[u8], piece: usize) -> Result<StoredFile, FilesError> {
    let mut upload = files.upload(key);
    for piece in body.chunks(piece) {
        if let Err(error) = upload.push(piece.to_vec()).await {
            upload.abort().await;
            return Err(error);
        }
    }
    upload.finish().await
}

#[tokio::test]
async fn small_file_is_sent_in_one_request() {
    for length in [0, 1, PIECE - 1, PIECE] {
        let store = FakeStore::default();
        let body = bytes(length);
        let stored = write(&in_bucket(&store), "a.json", &body, 1_000_000).await.unwrap();
        assert_eq!(store.state().called, ["s3:PutObject"]);
        let object = store.state().objects["exports/a.json"].clone();
        assert!(object.body == body && stored.is(length as u64, &object.etag));
    }
}

#[tokio::test]
async fn larger_file_is_sent_in_pieces_unchanged() {
    for (length, piece, parts) in
        [(PIECE + 1, PIECE + 1, 2), (3 * PIECE, 1_000_003, 3), (2 * PIECE + 5, 3 * PIECE, 3)]
    {
        let store = FakeStore::default();
        let body = bytes(length);
        let stored = write(&in_bucket(&store), "a.json.gz", &body, piece).await.unwrap();
        let object = store.state().objects["exports/a.json.gz"].clone();
        assert!(object.body == body, "{length}");
        assert_eq!((stored.size, &stored.etag), (length as u64, &object.etag));
        assert!(stored.etag.ends_with(&format!("-{parts}")), "{stored:?}");
        assert_eq!(object.content_type, "application/gzip");
        assert_eq!(object.tags["Fre quency"], "Daily & \u{fc}/=");
        assert_eq!(store.count("s3:UploadPart"), parts);
        assert_eq!(store.count("s3:PutObject"), 0);
        assert!(store.state().uploads.is_empty());
    }
}

#[tokio::test]
async fn file_is_written_once_after_any_transient_failure() {
    let body = bytes(PIECE + 1);
    for fault in [Fault::Dropped, Fault::Lost, Fault::Broken(0), Fault::Refused(503, "SlowDown")] {
        for number in 0..4 {
            let store = FakeStore::default();
            store.fail(number, fault);
            let stored = write(&in_bucket(&store), "a.json", &body, PIECE + 1).await.unwrap();
            assert!(store.state().called.len() > 4, "{fault:?} {number}");
            let object = store.state().objects["exports/a.json"].clone();
            assert!(object.body == body && stored.is(body.len() as u64, &object.etag), "{fault:?} {number}");
            assert_eq!(store.keys(), ["exports/a.json"]);
        }
    }
}

#[tokio::test]
async fn refused_call_leaves_nothing_behind() {
    let body = bytes(2 * PIECE + 1);
    for action in ["s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload"] {
        let store = FakeStore::default();
        store.fail_action(action, 0, Fault::Refused(403, "AccessDenied"));
        let error = write(&in_bucket(&store), "a.json", &body, 1_000_000).await.unwrap_err();
        assert_eq!(error.to_string(), "s3:PutObject failed: AccessDenied: so AWS says", "{action}");
        assert!(store.state().uploads.is_empty() && store.state().objects.is_empty(), "{action}");
    }
}

#[tokio::test]
async fn file_without_all_pieces_is_never_finished() {
    let store = FakeStore::default();
    store.fail_action("s3:UploadPart", 0, Fault::Refused(403, "AccessDenied"));
    let mut upload = in_bucket(&store).upload("a.json");
    upload.push(bytes(3 * PIECE)).await.unwrap();
    upload.push(bytes(PIECE)).await.unwrap_err();
    let error = upload.finish().await.unwrap_err();
    assert_eq!(error.name(), ErrorName::ServiceUnavailable, "{error}");
    assert!(store.state().uploads.is_empty() && store.state().objects.is_empty());
}

#[tokio::test]
async fn failure_inside_a_complete_response_is_retried_a_few_times() {
    let body = bytes(PIECE + 1);
    for (failures, succeeds) in [(2, true), (3, false)] {
        let store = FakeStore::default();
        for number in 0..failures {
            store.fail_action("s3:CompleteMultipartUpload", number, Fault::Refused(200, "InternalError"));
        }
        let written = write(&in_bucket(&store), "a.json", &body, PIECE).await;
        assert_eq!(written.is_ok(), succeeds);
        if let Err(error) = written {
            assert_eq!(error.name(), ErrorName::ServiceUnavailable, "{error}");
        }
        assert_eq!(store.count("s3:CompleteMultipartUpload"), 3);
        assert_eq!(store.keys().len(), usize::from(succeeds));
        assert!(store.state().uploads.is_empty());
    }
}

#[tokio::test]
async fn aborted_upload_does_not_count_as_completed() {
    // An object of another size is not the one to be completed.
    let store = FakeStore::default().with_object("exports/a.json", "another");
    store.fail_action("s3:CompleteMultipartUpload", 0, Fault::Refused(404, "NoSuchUpload"));
    let error = write(&in_bucket(&store), "a.json", &bytes(PIECE + 1), PIECE).await.unwrap_err();
    assert_eq!(error.to_string(), "s3:PutObject failed: NoSuchUpload: so AWS says");
    assert_eq!(store.text("exports/a.json").unwrap(), "another");
}

#[tokio::test]
async fn aborted_file_leaves_nothing_behind() {
    let store = FakeStore::default();
    let files = in_bucket(&store);
    let mut upload = files.upload("a.json");
    upload.push(bytes(2 * PIECE + 1)).await.unwrap();
    assert_eq!(store.state().uploads.len(), 1);
    upload.abort().await;
    files.upload("b.json").abort().await;
    assert!(store.state().uploads.is_empty() && store.state().objects.is_empty());
}

#[tokio::test]
async fn open_uploads_are_aborted_on_every_page() {
    for page in 1..=4 {
        let store = FakeStore::default();
        let files = in_bucket(&store);
        for key in ["a/1", "a/1", "a/2", "b/1"] {
            let mut upload = files.upload(key);
            upload.push(bytes(PIECE + 1)).await.unwrap();
            // As after the process is killed.
            drop(upload);
        }
        store.state().page_of_list = page;
        // The repeated call finds the upload gone.
        store.fail_action("s3:AbortMultipartUpload", 0, Fault::Lost);
        assert_eq!(files.abort_uploads("a/").await.unwrap(), 3);
        let left: Vec<_> = store.state().uploads.values().map(|upload| upload.key.clone()).collect();
        assert_eq!(left, ["exports/b/1"]);
        store.fail_action("s3:AbortMultipartUpload", 0, Fault::Refused(403, "AccessDenied"));
        let error = files.abort_uploads("").await.unwrap_err();
        assert_eq!(error.to_string(), "s3:AbortMultipartUpload failed: AccessDenied: so AWS says");
    }
}
