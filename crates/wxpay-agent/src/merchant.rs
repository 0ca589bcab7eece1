//! A merchant: its client, its queue, and its uploads.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};
use wxpay_media::{Client, Endpoints, Error, Image, MerchantId, Region, RetryAdvice, Warning};

use crate::{
    metrics::{Metrics, Snapshot},
    response::{Entry, Refusal},
    store::{MediaIds, Store, lock},
};

/// Maximum memory for the pictures of a merchant, in bytes: eight of the largest. Further ones wait
/// unread.
const MEMORY: usize = 8 * Image::LIMIT;

/// Time after a failure that only a person can mend in which the merchant is not ready. It ends by
/// itself: a load balancer sends no upload to an agent that is not ready, so none could succeed.
const UNREADY: Duration = Duration::from_secs(60);

/// Maximum number of a merchant's media ids kept to detect a repeated one, some 2 MB.
const MAX_HASHES: usize = 10_000;

/// A merchant, and the client that uploads for it.
///
/// ```
/// # let key = "192006250b4c09247ec02edce69f6a2d".parse()?;
/// use wxpay_agent::Settings;
/// use wxpay_media::{Client, MerchantId, Region};
///
/// let id = MerchantId::new("1900000109")?;
/// let client = Client::builder(id.clone(), key).build()?;
/// let settings = Settings::new(id, client, &Region::Mainland.into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// The merchant.
    pub id: MerchantId,
    /// The client, with the merchant's certificate, key and rate.
    pub client: Client,
    /// The gateway's name in a ledger.
    pub region: String,
    /// The primary endpoint.
    pub endpoint: String,
    /// The end of the certificate's validity.
    pub not_after: Option<SystemTime>,
}

impl Settings {
    /// The settings of a merchant; `endpoints` are those of the client, and determine the region.
    #[must_use]
    pub fn new(id: MerchantId, client: Client, endpoints: &Endpoints) -> Self {
        let endpoint = format!("https://{}", endpoints.primary());
        let is_of = |region: &&Region| Endpoints::from(**region) == *endpoints;
        let region = Region::ALL.iter().find(is_of).map(|region| region.as_str());
        Self {
            id,
            client,
            region: region.unwrap_or(&endpoint).to_owned(),
            endpoint,
            not_after: None,
        }
    }
}

/// The MD5 and the length of a picture.
type Content = (String, u64);
type Outcome = Result<Entry, Refusal>;
/// An upload under way. Its outcome has come when the value changes, or when the sender is dropped.
type Pending = watch::Receiver<Outcome>;

#[derive(Debug)]
pub(crate) struct Merchant {
    pub(crate) id: String,
    pub(crate) media_ids: MediaIds,
    settings: Mutex<Arc<Settings>>,
    /// The uploads under way: requests with equal bytes wait for the same one.
    pending: Mutex<HashMap<Content, Pending>>,
    places: Arc<Semaphore>,
    queue: usize,
    memory: Arc<Semaphore>,
    /// The last failure that only a person can mend; an upload that succeeds and new settings
    /// remove it.
    failure: Mutex<Option<(Instant, String)>>,
    /// The hash of the picture of each recent media id.
    hashes: Mutex<HashMap<String, String>>,
    pub(crate) metrics: Metrics,
}

/// A place in the queue, and shares of the merchant's memory and of all memory, until the upload
/// ends.
pub(crate) type Permits = [OwnedSemaphorePermit; 3];

impl Merchant {
    pub(crate) fn new(
        settings: Settings,
        store: &Store,
        queue: usize,
    ) -> Result<Self, wxpay_ledger::Error> {
        let id = settings.id.to_string();
        Ok(Self {
            media_ids: store.of(&id, &settings.region, &settings.endpoint)?,
            id,
            settings: Mutex::new(Arc::new(settings)),
            pending: Mutex::default(),
            places: Arc::new(Semaphore::new(queue)),
            queue,
            memory: Arc::new(Semaphore::new(MEMORY)),
            failure: Mutex::default(),
            hashes: Mutex::default(),
            metrics: Metrics::default(),
        })
    }

    /// Takes these settings for new uploads, if they are of the same merchant in the same region.
    /// Accepted uploads keep the old ones.
    pub(crate) fn replace(&self, settings: &Settings) -> bool {
        let mut current = lock(&self.settings);
        let is_same = (&current.id, &current.region) == (&settings.id, &settings.region);
        if is_same {
            *current = Arc::new(settings.clone());
            *lock(&self.failure) = None;
        }
        is_same
    }

    fn not_after(&self) -> Option<SystemTime> {
        lock(&self.settings).not_after
    }

    /// The reason why the merchant cannot upload.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.not_after().is_some_and(|end| end < SystemTime::now()) {
            return Some("the certificate has expired".to_owned());
        }
        let failure = lock(&self.failure).clone();
        let recent = failure.filter(|(at, _)| at.elapsed() < UNREADY);
        recent.map(|(_, message)| message)
    }

    /// The state for the metrics.
    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            id: &self.id,
            metrics: &self.metrics,
            waiting: self.queue - self.places.available_permits(),
            not_after: self.not_after(),
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        let pending = lock(&self.pending);
        pending.values().all(|it| it.has_changed().is_err())
    }

    /// Takes a place in the queue, or fails at once; then waits for memory, of the merchant's share
    /// first, so that one merchant cannot take all.
    pub(crate) async fn acquire(
        &self,
        all: &Arc<Semaphore>,
        bytes: u32,
    ) -> Result<Permits, Refusal> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        // The time of a full queue at ten a second, which is what WeChat Pay allows.
        let seconds = (self.queue as u64 / 10).clamp(1, 60);
        let full = |_| Refusal::again("too many requests are waiting already", seconds);
        let take = async |semaphore: &Arc<Semaphore>| {
            let share = Arc::clone(semaphore).acquire_many_owned(bytes).await;
            share.expect("the semaphore is never closed")
        };
        Ok([
            place.map_err(full)?,
            take(&self.memory).await,
            take(all).await,
        ])
    }

    /// Checks a picture and returns the upload to wait for: a new one, an equal one under way, or
    /// one that has ended. The flag is false for a new one. It may read from the disk, and needs a
    /// runtime.
    ///
    /// An upload goes on when its caller has gone: the id is kept for other requests.
    pub(crate) fn submit(
        self: &Arc<Self>,
        name: String,
        picture: Bytes,
        reuse: Option<Duration>,
        permits: Permits,
    ) -> Result<(Pending, bool), Refusal> {
        let image = Image::from_bytes(name, picture).map_err(|error| {
            self.metrics.refused();
            Error::from(error)
        })?;
        // Most callers send no name, so a new extension is not worth a line.
        let is_logged = |it: &Warning| !matches!(it, Warning::Renamed { .. });
        for warning in image.warnings().filter(is_logged) {
            tracing::warn!(media_hash = image.hash().as_str(), "{warning}");
        }
        let content = (image.hash().to_string(), image.bytes().len() as u64);
        // Locked until the end: an upload that is not in the map any more has its id in the store.
        let mut pending = lock(&self.pending);
        // An upload that panicked has dropped its sender.
        if let Some(upload) = pending.get(&content).filter(|it| it.has_changed().is_ok()) {
            self.metrics.reused();
            return Ok((upload.clone(), true));
        }
        if let Some(max_age) = reuse
            && let Some(entry) = self.media_ids.find(&content.0, Some(content.1))?
            && entry.age() <= max_age
        {
            self.metrics.reused();
            return Ok((watch::channel(Ok(entry)).1, true));
        }
        let (sender, upload) = watch::channel(Err(Refusal::stopping()));
        pending.insert(content.clone(), upload.clone());
        let (merchant, settings) = (Arc::clone(self), Arc::clone(&lock(&self.settings)));
        tokio::spawn(async move {
            let outcome = merchant.upload(&settings, image).await;
            lock(&merchant.pending).remove(&content);
            drop(sender.send_replace(outcome));
            drop(permits);
        });
        Ok((upload, false))
    }

    async fn upload(&self, settings: &Settings, image: Image) -> Outcome {
        let begun = Instant::now();
        let mut result = settings.client.upload(&image).await;
        let is_throttled = |error: &Error| error.retry_advice() == RetryAdvice::Throttle;
        if result.as_ref().is_err_and(is_throttled) {
            // The rate is lower by now.
            result = settings.client.upload(&image).await;
        }
        let outcome = result.as_ref().map(drop);
        self.metrics.uploaded(outcome, begun.elapsed());
        match outcome {
            Ok(()) => *lock(&self.failure) = None,
            Err(error) if error.retry_advice() == RetryAdvice::Stop => self.fail(error.to_string()),
            Err(_) => {}
        }
        let uploaded = result?;
        let call = uploaded.call.as_ref();
        let endpoint = call.map(|call| format!("https://{}", call.endpoint));
        let entry = Entry {
            media_id: uploaded.media_id.to_string(),
            media_hash: image.hash().to_string(),
            bytes: image.bytes().len() as u64,
            reused: false,
            uploaded_at: OffsetDateTime::now_utc().truncate_to_second(),
            attempts: call.map_or(1, |call| call.attempts),
            endpoint: endpoint.unwrap_or_else(|| settings.endpoint.clone()),
        };
        self.warn_of_replay(&entry);
        let recorded = self.media_ids.record(&entry).await;
        recorded.inspect_err(|refusal| self.fail(refusal.error.message.clone()))?;
        Ok(entry)
    }

    fn warn_of_replay(&self, entry: &Entry) {
        let mut hashes = lock(&self.hashes);
        if hashes.len() == MAX_HASHES {
            hashes.clear();
        }
        let known = hashes.entry(entry.media_id.clone());
        if known.or_insert_with(|| entry.media_hash.clone()) != &entry.media_hash {
            let (merchant, id) = (&self.id, &entry.media_id);
            let replayed = "a response may have been replayed";
            tracing::warn!(merchant, "two pictures have the media id {id}: {replayed}");
        }
    }

    fn fail(&self, message: String) {
        *lock(&self.failure) = Some((Instant::now(), message));
    }
}
