//! Objects: the parts of S3 that `storage` relies on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Bound;

use aws_sdk_dynamodb::config::http::HttpRequest;
use bytes::Bytes;
use md5::{Digest, Md5};

use super::{Response, State};
use crate::text::hex;

/// An object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object {
    /// Content of the object.
    pub body: Bytes,
    /// ETag without quotation marks.
    pub etag: String,
    /// Content type.
    pub content_type: String,
    /// Tags of the object.
    pub tags: BTreeMap<String, String>,
    /// User-defined metadata, without the prefix of its headers.
    pub metadata: BTreeMap<String, String>,
}

/// An open upload.
#[derive(Clone, Debug)]
pub struct OpenUpload {
    /// Key of the future object.
    pub key: String,
    /// Parts by their numbers.
    pub parts: BTreeMap<u32, Bytes>,
    content_type: String,
    tags: BTreeMap<String, String>,
}

impl Object {
    pub(super) fn new(body: Bytes) -> Object {
        let etag = hex(&Md5::digest(&body));
        let (tags, metadata) = Default::default();
        Object { body, etag, content_type: String::new(), tags, metadata }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(if byte == b'+' { b' ' } else { byte });
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// A request to S3.
pub(super) struct Request {
    method: String,
    key: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Bytes,
}

impl Request {
    pub(super) fn from_request(request: &HttpRequest) -> Option<Request> {
        let url = request.uri().strip_prefix("https://")?;
        let (host, path) = url.split_once('/').unwrap_or((url, ""));
        if !host.contains(".s3.") {
            return None;
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let headers = request.headers().iter();
        Some(Request {
            method: request.method().to_owned(),
            key: decoded(path),
            query: pairs(query),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: Bytes::copy_from_slice(request.body().bytes().unwrap()),
        })
    }

    /// Returns the operation, such as `s3:UploadPart`.
    pub(super) fn action(&self) -> String {
        let has = |name: &str| self.query.contains_key(name);
        let operation = match self.method.as_str() {
            "PUT" if has("tagging") => "PutObjectTagging",
            "PUT" if has("uploadId") => "UploadPart",
            "PUT" => "PutObject",
            "POST" if has("uploads") => "CreateMultipartUpload",
            "POST" if has("uploadId") => "CompleteMultipartUpload",
            "DELETE" if has("uploadId") => "AbortMultipartUpload",
            "DELETE" => "DeleteObject",
            "GET" if has("uploads") => "ListMultipartUploads",
            "GET" if has("versions") => "ListObjectVersions",
            "GET" if has("list-type") => "ListObjectsV2",
            "GET" => "GetObject",
            "HEAD" => "HeadObject",
            other => panic!("{other} {} is not faked", self.key),
        };
        format!("s3:{operation}")
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let named =
            self.headers.iter().filter_map(|(name, value)| Some((name.strip_prefix("x-amz-meta-")?, value)));
        named.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(super) fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Returns the text in every XML element of this name.
    fn all(&self, name: &str) -> Vec<String> {
        let body = std::str::from_utf8(&self.body).unwrap();
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        let texts = body.split(start.as_str()).skip(1);
        texts.map(|text| text.split(end.as_str()).next().unwrap().to_owned()).collect()
    }
}

impl State {
    pub(super) fn of_objects(&mut self, action: &str, request: &Request) -> Response {
        let key = request.key.clone();
        match action {
            "s3:PutObject" => {
                if request.header("if-none-match") == "*" && self.objects.contains_key(&key) {
                    return Response::s3(412, "PreconditionFailed");
                }
                let wanted = request.header("if-match").trim_matches('"');
                match self.objects.get(&key) {
                    None if !wanted.is_empty() => return Response::s3(404, "NoSuchKey"),
                    Some(object) if !wanted.is_empty() && object.etag != wanted => {
                        return Response::s3(412, "PreconditionFailed");
                    }
                    _ => {}
                }
                let object = Object {
                    content_type: request.header("content-type").to_owned(),
                    tags: pairs(request.header("x-amz-tagging")),
                    metadata: request.metadata(),
                    ..Object::new(request.body.clone())
                };
                let etag = object.etag.clone();
                let id = self.keep_version(&key, Some(object.clone()));
                self.objects.insert(key, object);
                Response::ok("").with("etag", format!("\"{etag}\"")).with("x-amz-version-id", id)
            }
            "s3:GetObject" | "s3:HeadObject" => self.read(request),
            "s3:DeleteObject" => {
                self.objects.remove(&key);
                self.keep_version(&key, None);
                Response { status: 204, ..Response::ok("") }
            }
            "s3:PutObjectTagging" => {
                let tags = request.all("Key").into_iter().zip(request.all("Value")).collect();
                match self.objects.get_mut(&key) {
                    Some(object) => object.tags = tags,
                    None => return Response::s3(404, "NoSuchKey"),
                }
                Response::ok("")
            }
            "s3:ListObjectsV2" => self.list(request),
            "s3:ListObjectVersions" => self.list_versions(request),
            "s3:CreateMultipartUpload" => {
                let id = self.id();
                let content_type = request.header("content-type").to_owned();
                let tags = pairs(request.header("x-amz-tagging"));
                let upload = OpenUpload { key, parts: BTreeMap::new(), content_type, tags };
                self.uploads.insert(id.clone(), upload);
                let body = format!("<UploadId>{id}</UploadId>");
                Response::ok(format!("<InitiateMultipartUploadResult>{body}</InitiateMultipartUploadResult>"))
            }
            "s3:UploadPart" => match self.uploads.get_mut(request.query("uploadId")) {
                Some(upload) => {
                    upload.parts.insert(request.query("partNumber").parse().unwrap(), request.body.clone());
                    let etag = hex(&Md5::digest(&request.body));
                    let crc = request.header("x-amz-checksum-crc32");
                    Response::ok("").with("etag", format!("\"{etag}\"")).with("x-amz-checksum-crc32", crc)
                }
                None => Response::s3(404, "NoSuchUpload"),
            },
            "s3:CompleteMultipartUpload" => self.complete(request),
            "s3:AbortMultipartUpload" => match self.uploads.remove(request.query("uploadId")) {
                Some(_) => Response { status: 204, ..Response::ok("") },
                None => Response::s3(404, "NoSuchUpload"),
            },
            "s3:ListMultipartUploads" => self.list_uploads(request),
            other => panic!("{other} is not faked"),
        }
    }

    fn read(&self, request: &Request) -> Response {
        let key = &request.key;
        let version = match request.query("versionId") {
            "" => self.current(key),
            id => match self.version(key, id) {
                Some(version) if version.object.is_some() => Some(version),
                // A GET of a delete marker by its id fails (API reference, GetObject).
                Some(_) => return Response::s3(405, "MethodNotAllowed").with("x-amz-delete-marker", true),
                None => return Response::s3(404, "NoSuchVersion"),
            },
        };
        let found = match (request.query("versionId"), version) {
            ("", _) => self.objects.get(key),
            (_, version) => version.and_then(|version| version.object.as_ref()),
        };
        let Some(object) = found else { return Response::s3(404, "NoSuchKey") };
        let wanted = request.header("if-match");
        if !wanted.is_empty() && wanted.trim_matches('"') != object.etag {
            return Response::s3(412, "PreconditionFailed");
        }
        let etag = format!("\"{}\"", object.etag);
        let size = object.body.len();
        let range = request.header("range").strip_prefix("bytes=");
        let range = range.and_then(|range| range.split_once('-')).map(|(first, last)| {
            let first: usize = first.parse().unwrap();
            (first, last.parse().unwrap_or(usize::MAX).min(size.saturating_sub(1)))
        });
        let response = match range {
            Some((first, _)) if first >= size => return Response::s3(416, "InvalidRange"),
            Some((first, last)) => {
                let range = format!("bytes {first}-{last}/{size}");
                let body = object.body.slice(first..=last);
                Response { status: 206, ..Response::ok(body) }.with("content-range", range)
            }
            None => Response::ok(object.body.clone()),
        };
        let length = response.body.len();
        let mut response = response.with("etag", etag).with("content-length", length);
        if let Some(version) = version {
            let modified = super::versions::header(version.put_at);
            response = response.with("x-amz-version-id", &version.id).with("last-modified", modified);
        }
        response.metadata = object.metadata.clone();
        if request.method == "HEAD" { Response { body: Bytes::new(), ..response } } else { response }
    }

    fn complete(&mut self, request: &Request) -> Response {
        let id = request.query("uploadId");
        let Some(upload) = self.uploads.get(id) else { return Response::s3(404, "NoSuchUpload") };
        let named: Vec<u32> =
            request.all("PartNumber").iter().map(|number| number.parse().unwrap()).collect();
        let parts: Option<Vec<&Bytes>> = named.iter().map(|number| upload.parts.get(number)).collect();
        let Some(parts) = parts.filter(|_| !named.is_empty() && named.is_sorted()) else {
            return Response::s3(400, "InvalidPart");
        };
        let is_whole = |part: &&Bytes| part.len() >= 5 * 1024 * 1024;
        if !parts[..parts.len() - 1].iter().all(is_whole) {
            return Response::s3(400, "EntityTooSmall");
        }
        let digests: Vec<u8> = parts.iter().flat_map(|part| Md5::digest(part).to_vec()).collect();
        let etag = format!("{}-{}", hex(&Md5::digest(&digests)), parts.len());
        let body = parts.iter().map(|part| part.as_ref()).collect::<Vec<_>>().concat();
        let upload = self.uploads.remove(id).unwrap();
        let OpenUpload { content_type, tags, key, .. } = upload;
        let metadata = BTreeMap::new();
        self.objects
            .insert(key, Object { body: body.into(), etag: etag.clone(), content_type, tags, metadata });
        let body = format!("<ETag>&quot;{etag}&quot;</ETag>");
        Response::ok(format!("<CompleteMultipartUploadResult>{body}</CompleteMultipartUploadResult>"))
    }

    pub(super) fn page(&self) -> usize {
        if self.page_of_list == 0 { 1_000 } else { self.page_of_list }
    }

    fn list(&self, request: &Request) -> Response {
        let prefix = request.query("prefix");
        let after = request.query("continuation-token").max(request.query("start-after"));
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let mut keys: BTreeSet<&str> = self.objects.keys().map(String::as_str).collect();
        if self.markers_take_room {
            keys.extend(self.versions.keys().map(String::as_str));
        }
        let keys = keys.range::<str, _>((from, Bound::Unbounded));
        // The empty text sorts before every key.
        let mut wanted = keys.take_while(|key| key.starts_with(prefix));
        let page: Vec<_> = wanted.by_ref().take(self.page()).collect();
        let mut body = String::from("<ListBucketResult>");
        for (key, object) in page.iter().filter_map(|key| Some((key, self.objects.get(**key)?))) {
            let (size, etag) = (object.body.len(), &object.etag);
            let put_at = self.current(key).map_or(self.now, |version| version.put_at);
            let time = super::versions::listed(put_at);
            let content = format!("<Size>{size}</Size><ETag>&quot;{etag}&quot;</ETag>");
            let named = format!("<Key>{key}</Key><LastModified>{time}</LastModified>");
            write!(body, "<Contents>{named}{content}</Contents>").unwrap();
        }
        match (wanted.next(), page.last()) {
            (Some(_), Some(last)) => write!(
                body,
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
            )
            .unwrap(),
            _ => body.push_str("<IsTruncated>false</IsTruncated>"),
        }
        Response::ok(body + "</ListBucketResult>")
    }

    fn list_uploads(&self, request: &Request) -> Response {
        let prefix = request.query("prefix");
        let after = (request.query("key-marker"), request.query("upload-id-marker"));
        let mut all: Vec<_> =
            self.uploads.iter().map(|(id, upload)| (upload.key.as_str(), id.as_str())).collect();
        all.sort_unstable();
        let mut wanted = all.into_iter().filter(|(key, id)| key.starts_with(prefix) && (*key, *id) > after);
        let page: Vec<_> = wanted.by_ref().take(self.page()).collect();
        let mut body = String::from("<ListMultipartUploadsResult>");
        for (key, id) in &page {
            write!(body, "<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>").unwrap();
        }
        if let (Some(_), Some((key, id))) = (wanted.next(), page.last()) {
            write!(body, "<IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker>").unwrap();
            write!(body, "<NextUploadIdMarker>{id}</NextUploadIdMarker>").unwrap();
        }
        Response::ok(body + "</ListMultipartUploadsResult>")
    }
}
