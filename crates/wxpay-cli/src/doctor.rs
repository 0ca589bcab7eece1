//! `wxpay doctor`: checks that find a failure before the first upload.

mod check;
mod probe;
mod settings;

use std::process::ExitCode;

use wxpay_media::{
    Endpoint, Endpoints,
    transport::{Proxy, Transport, TransportBuilder},
};

use crate::{
    args::DoctorArgs,
    terminal::{OutputLost, exit_code},
};
use check::{Check, Found, Status};

/// Runs every check, even after a failed one.
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
    let checks = if let (Some(network), Some(endpoints)) = (network, endpoints) {
        // One attempt per call, within the time of the flag.
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
        endpoint_checks(&endpoints, &transport, proxy, has_identity).await
    } else {
        vec![Check::skipped(
            "way to the endpoints",
            "the settings above come first",
        )]
    };
    report.print((Some(()), checks))?;
    Ok(exit_code(report.works))
}

/// An upload works if the first endpoint works, or if it is unreachable and another one works.
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
    for (place, mut endpoint) in probed.into_iter().enumerate() {
        let is_replaced = match place {
            0 => !primary_decides && another_works,
            _ => primary_decides || another_works,
        };
        for check in &mut endpoint.checks {
            if is_replaced && check.status == Status::Failed {
                check.status = Status::Warning;
            }
        }
        checks.append(&mut endpoint.checks);
    }
    checks
}

/// Prints checks, and keeps whether an upload would work.
struct Report {
    json: bool,
    works: bool,
}

impl Report {
    /// Prints checks and returns their value.
    fn print<T>(&mut self, (found, checks): Found<T>) -> Result<Option<T>, OutputLost> {
        for check in checks {
            self.works &= check.status != Status::Failed;
            check.print(self.json)?;
        }
        Ok(found)
    }
}
