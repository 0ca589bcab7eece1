//! A merchant: its client, its queue, and the uploads that are under way.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use wxpay_media::{Client, Endpoints, Error, Image, MerchantId, Region, RetryAdvice};

use crate::{
    agent::Limits,
    answer::{Entry, Refusal},
    metrics::Metrics,
    store::{Account, Store, lock},
};

/// Memory for the pictures of a merchant that are read, wait for their turn and are sent: eight of the
/// largest. Others wait unread.
const MEMORY: usize = 8 * Image::LIMIT;

/// What a merchant uploads by.
#[derive(Debug, Clone)]
pub struct Settings {
    id: MerchantId,
    client: Client,
    region: String,
    endpoint: String,
    pub(crate) not_after: Option<SystemTime>,
}

impl Settings {
    /// A merchant, its client, and the endpoints that this client calls.
    #[must_use]
    pub fn new(id: MerchantId, client: Client, endpoints: &Endpoints) -> Self {
        let endpoint = format!("https://{}", endpoints.primary());
        let mut regions = Region::ALL.iter();
        let region = regions.find(|it| Endpoints::from(**it) == *endpoints);
        Self {
            id,
            client,
            region: region.map_or(endpoint.clone(), |region| region.as_str().to_owned()),
            endpoint,
            not_after: None,
        }
    }

    /// The name of the gateway in the ledger, in place of its region or its address.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// The last moment at which the merchant's certificate is valid.
    #[must_use]
    pub fn not_after(mut self, end: impl Into<Option<SystemTime>>) -> Self {
        self.not_after = end.into();
        self
    }

    pub(crate) fn id(&self) -> &str {
        self.id.as_str()
    }

    /// The merchant's account in a store.
    pub(crate) fn account(&self, store: &Store) -> Result<Account, wxpay_ledger::Error> {
        store.account(self.id(), &self.region, &self.endpoint)
    }
}

/// Bytes, by MD5 and length.
type Content = (String, u64);
type Outcome = Result<Entry, Refusal>;
type Flight = watch::Receiver<Option<Outcome>>;

#[derive(Debug)]
pub(crate) struct Merchant {
    current: Mutex<Arc<(Settings, Account)>>,
    /// Uploads under way: equal bytes wait for the first of them.
    flights: Mutex<HashMap<Content, Flight>>,
    places: Arc<Semaphore>,
    queue: usize,
    memory: Arc<Semaphore>,
    /// The last failure that only a person can mend, until an upload succeeds or the settings change.
    stopped: Mutex<Option<String>>,
    pub(crate) metrics: Metrics,
}

/// A share of the queue and of the memory, for as long as an upload is under way.
#[derive(Debug)]
pub(crate) struct Share {
    _place: OwnedSemaphorePermit,
    memory: Vec<OwnedSemaphorePermit>,
}

/// How a picture gets its id.
#[derive(Debug)]
pub(crate) enum Submitted {
    Known(Entry),
    /// By an upload of its own, or by that of equal bytes.
    Flight {
        flight: Flight,
        is_own: bool,
    },
}

impl Merchant {
    pub(crate) fn new(settings: Settings, account: Account, limits: &Limits) -> Self {
        Self {
            current: Mutex::new(Arc::new((settings, account))),
            flights: Mutex::default(),
            places: Arc::new(Semaphore::new(limits.queue)),
            queue: limits.queue,
            memory: Arc::new(Semaphore::new(MEMORY)),
            stopped: Mutex::default(),
            metrics: Metrics::default(),
        }
    }

    /// Uploads by these settings from now on. Those under way finish by the old ones.
    pub(crate) fn replace(&self, settings: Settings, account: Account) {
        *lock(&self.current) = Arc::new((settings, account));
        *lock(&self.stopped) = None;
    }

    fn current(&self) -> Arc<(Settings, Account)> {
        Arc::clone(&lock(&self.current))
    }

    pub(crate) fn id(&self) -> String {
        self.current().0.id().to_owned()
    }

    pub(crate) fn account(&self) -> Account {
        self.current().1
    }

    pub(crate) fn not_after(&self) -> Option<SystemTime> {
        self.current().0.not_after
    }

    /// Why it cannot upload.
    pub(crate) fn problem(&self) -> Option<String> {
        let is_expired = self.not_after().is_some_and(|end| end < SystemTime::now());
        let expired = is_expired.then(|| "the certificate has expired".to_owned());
        expired.or_else(|| lock(&self.stopped).clone())
    }

    /// How many requests wait or are under way.
    pub(crate) fn waiting(&self) -> usize {
        self.queue - self.places.available_permits()
    }

    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.flights).is_empty()
    }

    /// A place in the queue, at once or not at all.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let message = format!("{} requests are waiting already", self.queue);
            // As if ten were done a second, which is what WeChat Pay takes.
            Refusal::again("busy", message, (self.queue as u64 / 10).clamp(1, 60))
        })
    }

    /// Waits until so many bytes may be read: those of this merchant may not take all of the memory.
    pub(crate) async fn share(
        &self,
        place: OwnedSemaphorePermit,
        all: &Arc<Semaphore>,
        bytes: u32,
    ) -> Share {
        let mut memory = Vec::with_capacity(2);
        for semaphore in [&self.memory, all] {
            let share = Arc::clone(semaphore).acquire_many_owned(bytes);
            memory.push(share.await.expect("the semaphore is never closed"));
        }
        Share {
            _place: place,
            memory,
        }
    }

    /// Finds out how a picture gets its id, and starts its upload where it needs one. It may read from the
    /// disk; it wants a runtime.
    ///
    /// An upload goes on when nobody waits for it any more: others may come, and its id is kept.
    pub(crate) fn submit(
        self: &Arc<Self>,
        image: Image,
        reuse: Option<Duration>,
        share: Share,
        store: &Arc<Store>,
    ) -> Result<Submitted, Refusal> {
        let content = (image.hash().to_string(), image.bytes().len() as u64);
        let current = self.current();
        // Under the lock all the time: an upload leaves only after its id is in the store.
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(&content) {
            self.metrics.reused();
            return Ok(Submitted::Flight {
                flight: flight.clone(),
                is_own: false,
            });
        }
        if let Some(max_age) = reuse {
            let known = store.find(current.1, &content.0, Some(content.1));
            let known = known.map_err(|error| ledger_failed(&error))?;
            if let Some(entry) = known.filter(|entry| entry.age() <= max_age) {
                self.metrics.reused();
                return Ok(Submitted::Known(entry));
            }
        }
        let (sender, flight) = watch::channel(None);
        flights.insert(content.clone(), flight.clone());
        let mut landing = Landing {
            merchant: Arc::clone(self),
            content,
            sender,
            outcome: Err(Refusal::again("other", "the upload was given up", 1)),
        };
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let merchant = Arc::clone(&landing.merchant);
            landing.outcome = merchant.upload(&current, image, &store).await;
            drop((landing, share));
        });
        Ok(Submitted::Flight {
            flight,
            is_own: true,
        })
    }

    async fn upload(
        &self,
        (settings, account): &(Settings, Account),
        image: Image,
        store: &Store,
    ) -> Outcome {
        let begun = Instant::now();
        let result = settings.client.upload(&image).await;
        self.metrics
            .uploaded(result.as_ref().map(drop), begun.elapsed());
        self.remember(&result);
        let uploaded = result.map_err(|error| Refusal::from(&error))?;
        let call = uploaded.call.as_ref();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let entry = Entry {
            media_id: uploaded.media_id.to_string(),
            media_hash: image.hash().to_string(),
            bytes: image.bytes().len() as u64,
            attempts: call.map_or(1, |call| call.attempts()),
            endpoint: call.map_or(settings.endpoint.clone(), |call| {
                format!("https://{}", call.endpoint())
            }),
            at: now.unwrap_or_default().as_secs(),
        };
        // The picture is not needed for the commit.
        drop(image);
        match store.record(*account, &entry).await {
            Ok(()) => Ok(entry),
            Err(error) => {
                let refusal = ledger_failed(&error);
                *lock(&self.stopped) = Some(refusal.error.message.clone());
                Err(refusal)
            }
        }
    }

    fn remember(&self, result: &Result<wxpay_media::Uploaded, Error>) {
        match result {
            Ok(_) => *lock(&self.stopped) = None,
            Err(error) if error.retry_advice() == RetryAdvice::Stop => {
                *lock(&self.stopped) = Some(error.to_string());
            }
            Err(_) => {}
        }
    }
}

impl Share {
    /// Gives back what more was taken than so many bytes.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        for share in &mut self.memory {
            drop(share.split(share.num_permits().saturating_sub(bytes)));
        }
    }
}

pub(crate) fn ledger_failed(error: &wxpay_ledger::Error) -> Refusal {
    let advice = "mend the ledger, then upload again: a second upload is harmless";
    Refusal::new(StatusCode::BAD_GATEWAY, "ledger", error.to_string(), advice)
}

/// Ends an upload, however it ends: no later request waits for it, then those that wait are answered.
struct Landing {
    merchant: Arc<Merchant>,
    content: Content,
    sender: watch::Sender<Option<Outcome>>,
    outcome: Outcome,
}

impl Drop for Landing {
    fn drop(&mut self) {
        lock(&self.merchant.flights).remove(&self.content);
        let given_up = Err(Refusal::stopping());
        let outcome = mem::replace(&mut self.outcome, given_up);
        self.sender.send_replace(Some(outcome));
    }
}
