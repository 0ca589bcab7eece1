//! `wxpay doctor`: finds what would fail, before the first upload.

mod probe;
mod settings;

use std::process::ExitCode;

use serde::Serialize;
use wxpay_media::{
    Endpoint, Endpoints,
    transport::{Proxy, Transport, TransportBuilder},
};

use crate::{
    args::DoctorArgs,
    exit_code,
    terminal::{self, OutputLost},
};

/// The value that a check found, and its lines.
type Found<T> = (Option<T>, Vec<Check>);

/// Runs every check, even after one that failed.
pub(crate) async fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let (json, works) = (args.json, true);
    let mut report = Report { json, works };
    let mch_id = report.print(settings::merchant_id(&args.gateway))?;
    report.print(settings::api_key(&args.gateway))?;
    report.print(settings::sign_type(&args.gateway))?;
    report.print(settings::limits())?;
    let identity = report.print(settings::identity(&args.gateway, mch_id.as_ref()))?;
    let network = report.print(settings::network(&args.gateway))?;
    let endpoints = report.print(settings::endpoints(&args.gateway))?;
    if let (Some(network), Some(endpoints)) = (network, endpoints) {
        // One attempt for each call, and no more time than was asked for.
        let mut transport = network
            .apply(Transport::builder())
            .connect_timeout(args.timeout.0)
            .stall_timeout(args.timeout.0)
            .response_timeout(args.timeout.0)
            .max_retries(0);
        let has_identity = identity.is_some();
        if let Some(identity) = identity {
            transport = transport.identity(identity);
        }
        let proxy = network.proxy.as_ref().map(|given| &given.value);
        let checks = endpoint_checks(&endpoints, &transport, proxy, has_identity).await;
        report.print((Some(()), checks))?;
    } else {
        let check = Check::skipped("way to the endpoints", "the settings above come first");
        report.print((Some(()), vec![check]))?;
    }
    Ok(exit_code(report.works))
}

/// An upload works if the first endpoint works, or is unreachable while another one works.
async fn endpoint_checks(
    endpoints: &Endpoints,
    transport: &TransportBuilder,
    proxy: Option<&Proxy>,
    has_identity: bool,
) -> Vec<Check> {
    let mut probed = Vec::new();
    for endpoint in Endpoint::of(endpoints) {
        probed.push(probe::check(&endpoint, transport, proxy, has_identity).await);
    }
    let primary_decides = probed[0].works || !probed[0].fails_over;
    let another_works = probed.iter().skip(1).any(|endpoint| endpoint.works);
    let mut checks = Vec::new();
    for (place, endpoint) in probed.into_iter().enumerate() {
        let is_replaced = match place {
            0 => !primary_decides && another_works,
            _ => primary_decides || another_works,
        };
        for mut check in endpoint.checks {
            if is_replaced && check.status == Status::Failed {
                check.status = Status::Warning;
            }
            checks.push(check);
        }
    }
    checks
}

/// Prints checks as they are made, and remembers whether an upload would work.
struct Report {
    json: bool,
    works: bool,
}

impl Report {
    /// Prints checks and returns the value that they found.
    fn print<T>(&mut self, (found, checks): Found<T>) -> Result<Option<T>, OutputLost> {
        for check in checks {
            self.works &= check.status != Status::Failed;
            check.print(self.json)?;
        }
        Ok(found)
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// An upload works all the same.
    Warning,
    /// No upload would work.
    Failed,
    /// The response does not show it.
    Unknown,
    /// Something before it has failed.
    Skipped,
}

/// One line of the report.
#[derive(Debug, Serialize)]
struct Check {
    check: String,
    status: Status,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn new(check: &str, status: Status, detail: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            status,
            detail: detail.into(),
            advice: None,
        }
    }

    fn ok(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, detail)
    }

    fn failed(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Failed, detail)
    }

    fn unknown(check: &str, because: &str) -> Self {
        Self::new(check, Status::Unknown, format!("cannot tell: {because}"))
    }

    fn skipped(check: &str, because: &str) -> Self {
        Self::new(check, Status::Skipped, because)
    }

    /// Adds advice.
    fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    fn print(&self, json: bool) -> Result<(), OutputLost> {
        if json {
            return terminal::print_json(self);
        }
        let status = format!("{:?}", self.status).to_lowercase();
        let mut line = format!("{}: {}", self.check, self.detail);
        if let Some(advice) = &self.advice {
            line = format!("{line}; {advice}");
        }
        terminal::print(&format!("{status:8}{}", terminal::one_line(&line)))
    }
}
