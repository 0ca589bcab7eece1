//! `wxpay ledger`: prints the outcomes in a ledger, and forgets some.

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use wxpay_ledger::{Entry, Outcome, Reader, Reason, Selection, forget};

use crate::{args::LedgerCommand, terminal, upload::outcome::FileOutcome};

pub(crate) fn run(command: LedgerCommand) -> anyhow::Result<ExitCode> {
    match command {
        LedgerCommand::Status { ledger } => print_status(&Reader::open(&ledger)?)?,
        LedgerCommand::Export { ledger, json, .. } => {
            let reader = Reader::open(&ledger)?;
            if json {
                reader.export(|path, entry, at| {
                    let mut line = FileOutcome::new(Path::new(path), entry.content, entry.outcome);
                    line.uploaded_at = at.map(str::to_owned);
                    terminal::print_json(&line)
                })??;
            } else {
                terminal::print_raw(
                    "file,media_id,media_hash,bytes,uploaded_at,error_kind,error_code,error_message",
                )?;
                reader.export(|path, entry, at| {
                    terminal::print_raw(&csv(path, &entry, at.unwrap_or_default()))
                })??;
            }
        }
        LedgerCommand::Forget {
            ledger,
            path,
            hash,
            older_than,
        } => {
            const DAY: Duration = Duration::from_secs(24 * 60 * 60);
            let age = DAY * older_than.unwrap_or_default();
            let before = SystemTime::now().checked_sub(age).unwrap_or(UNIX_EPOCH);
            let selection = path.map(Selection::Path).or(hash.map(Selection::Hash));
            let files = forget(&ledger, &selection.unwrap_or(Selection::Before(before)))?;
            terminal::print(&format!("{files} forgotten"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_status(reader: &Reader) -> anyhow::Result<()> {
    let all = reader.status()?;
    if all.is_empty() {
        terminal::print("nothing yet")?;
    }
    for it in all {
        let last = it
            .last
            .map_or(String::new(), |at| format!(", the last at {at}"));
        terminal::print(&format!(
            "merchant {}, {}\n  uploaded  {} files, {} pictures{last}\n  refused   {}\n  failed    {}",
            terminal::one_line(&it.merchant),
            terminal::one_line(&it.region),
            it.uploaded,
            it.pictures,
            it.refused,
            it.failed,
        ))?;
    }
    Ok(())
}

fn csv(path: &str, entry: &Entry, uploaded_at: &str) -> String {
    let (media_id, why) = match &entry.outcome {
        Outcome::Uploaded { media_id, .. } => (media_id.as_str(), &Reason::default()),
        Outcome::Refused(why) | Outcome::Failed(why) => ("", why),
    };
    let content = entry.content.as_ref();
    let bytes = content.map_or(String::new(), |it| it.bytes.to_string());
    let fields = [
        path,
        media_id,
        content.map_or("", |it| &it.md5),
        &bytes,
        uploaded_at,
        &why.kind,
        why.code.as_deref().unwrap_or_default(),
        &why.message,
    ];
    fields.map(csv_field).join(",")
}

/// A field of CSV that is neither a formula for a spreadsheet nor a command for a terminal.
fn csv_field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let shown = if is_formula { "'" } else { "" }.to_owned() + &terminal::one_line(text);
    if shown.contains(['"', ',']) {
        return format!("\"{}\"", shown.replace('"', "\"\""));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_computes_nothing_that_a_file_name_says() {
        for (text, field) in [
            ("a.jpg", "a.jpg"),
            ("a, \"b\".jpg", "\"a, \"\"b\"\".jpg\""),
            ("=1+2", "'=1+2"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1,A2)", "\"'@SUM(A1,A2)\""),
            ("\t=1", "'\\t=1"),
            ("\r=1", "'\\r=1"),
            ("two\nlines", "two\\nlines"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(csv_field(text), field, "{text:?}");
        }
    }
}
