//! A slow line: a relay to the server with a limited rate and a delay.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

/// The uplink of a company, or a good mobile one: 20 Mbit/s.
pub(crate) const BYTES_PER_SECOND: f64 = 20e6 / 8.0;

/// Half of a round trip.
const DELAY: Duration = Duration::from_millis(20);

/// About the buffer of a router; further bytes stay in the client's socket.
const PIECE: usize = 16 * 1024;

/// A port in front of the server's. All connections share the line in each direction.
#[derive(Debug)]
pub(crate) struct SlowLine {
    port: u16,
}

/// One direction: the time at which its last byte will have been sent.
type Direction = Arc<Mutex<Instant>>;

impl SlowLine {
    pub(crate) fn start(server: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let [up, down] = [(); 2].map(|()| Direction::new(Mutex::new(Instant::now())));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                relay(&client, &server, &up);
                relay(&server, &client, &down);
            }
        });
        Ok(Self { port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// Reads at the line's rate, and writes after the delay.
fn relay(from: &TcpStream, to: &TcpStream, line: &Direction) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else {
        return;
    };
    let line = Arc::clone(line);
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let sent = {
                let mut free = line.lock().expect("no thread panics with the lock");
                let time = Duration::from_secs_f64(length as f64 / BYTES_PER_SECOND);
                *free = (*free).max(Instant::now()) + time;
                *free
            };
            thread::sleep(sent.saturating_duration_since(Instant::now()));
            if sender
                .send((sent + DELAY, piece[..length].to_vec()))
                .is_err()
            {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, piece) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        // The other direction stays open.
        let _ = to.shutdown(Shutdown::Write);
    });
}
