//! What is measured of whole programs: how fast one starts, and how much memory one takes.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    client::{CURL_FOR_EACH, Clients, OURS, REQWEST, Work},
    machine::Pinning,
    measure::measure,
    nginx::Nginx,
    picture,
    scenario::MIB_2,
};

pub(crate) const PROGRAM: &str = "wxpay upload";
pub(crate) const CURL: &str = "curl";

/// Starts of each in one round; the median counts.
const STARTS: usize = 9;

/// Pictures at once, and each is a file of its own.
const AT_ONCE: usize = 256;

/// Wall time, in milliseconds, of one process that uploads one picture of a few bytes and ends.
pub(crate) fn cold_starts(
    clients: &Clients,
    nginx: &Nginx,
    folder: &Path,
    pinning: &Pinning,
) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let picture = folder.join("start.png");
    picture::write(&picture, 200 * 1024 + 1)?;
    let work = work(nginx, folder, vec![picture.clone()]);
    let mut commands = Vec::new();
    if let Some(program) = clients.program() {
        let command = program_command(program, &work, pinning)?;
        commands.push((PROGRAM, command));
    }
    for (name, client) in [(OURS, OURS), (REQWEST, REQWEST)] {
        if let Some(client) = clients.named(client) {
            commands.push((name, client.command(&work, pinning)?));
        }
    }
    if clients.named(CURL_FOR_EACH).is_some() {
        // Without the shell that starts one for each.
        let config = folder.join("curl-one.conf");
        let client = clients.named(CURL_FOR_EACH);
        client
            .map(|client| client.command(&work, pinning))
            .transpose()?;
        let mut command = pinning.client("curl".into());
        command.extend(["--config".into(), config.into()]);
        commands.push((CURL, command));
    }
    let mut walls: Vec<(&'static str, Vec<f64>)> = commands
        .iter()
        .map(|(name, _)| (*name, Vec::new()))
        .collect();
    for _ in 0..STARTS {
        for ((_, command), (_, walls)) in commands.iter().zip(&mut walls) {
            walls.push(measure(command)?.wall as f64 / 1000.0);
        }
    }
    Ok(walls
        .into_iter()
        .map(|(name, mut walls)| {
            walls.sort_by(f64::total_cmp);
            (name, walls[walls.len() / 2])
        })
        .collect())
}

/// The most memory, in KiB, of one process that is given many pictures at once.
pub(crate) fn peak_memories(
    clients: &Clients,
    nginx: &Nginx,
    folder: &Path,
    pinning: &Pinning,
) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let pictures = folder.join("pictures");
    if !pictures.exists() {
        fs::create_dir(&pictures)?;
        for index in 0..AT_ONCE {
            picture::write(&pictures.join(format!("{index}.png")), MIB_2)?;
        }
    }
    let files: Vec<PathBuf> = (0..AT_ONCE)
        .map(|index| pictures.join(format!("{index}.png")))
        .collect();
    let work = Work {
        count: AT_ONCE,
        concurrency: AT_ONCE,
        ..work(nginx, folder, files)
    };
    let mut memories = Vec::new();
    if let Some(program) = clients.program() {
        let usage = measure(&program_command(program, &work, pinning)?)?;
        memories.push((PROGRAM, usage.peak as f64));
    }
    for name in [OURS, REQWEST] {
        if let Some(client) = clients.named(name) {
            let usage = measure(&client.command(&work, pinning)?)?;
            memories.push((name, usage.peak as f64));
        }
    }
    Ok(memories)
}

fn work<'a>(nginx: &Nginx, folder: &'a Path, pictures: Vec<PathBuf>) -> Work<'a> {
    Work {
        origin: nginx.origin(),
        folder,
        pictures,
        count: 1,
        concurrency: 1,
    }
}

fn program_command(
    program: &Path,
    work: &Work<'_>,
    pinning: &Pinning,
) -> anyhow::Result<Vec<OsString>> {
    let key = work.folder.join("api_key.txt");
    fs::write(&key, "192006250b4c09247ec02edce69f6a2d\n")?;
    let file = |name: &str| work.folder.join(name).into_os_string();
    let mut command = pinning.client(program.into());
    command.extend([
        "upload".into(),
        "--endpoint".into(),
        work.origin.clone().into(),
        "--mch-id".into(),
        "1900000109".into(),
        "--api-key-file".into(),
        key.into(),
        "--cert".into(),
        file("client.pem"),
        "--key".into(),
        file("client.key"),
        "--ca".into(),
        file("ca.pem"),
        "--concurrency".into(),
        work.concurrency.to_string().into(),
    ]);
    command.extend(work.pictures.iter().map(|picture| picture.clone().into()));
    Ok(command)
}
