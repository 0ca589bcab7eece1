//! Uploads on a slow line.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::Mutex,
    time::sleep,
};
use wxpay_transport::{
    CallInfo, ErrorKind,
    TimeoutKind::{Response, Stall},
    Transport,
};

use crate::support::{Ca, answer_all, post, send, serve};

/// A relay to a server whose connections share a rate in bytes a second.
async fn line(server: SocketAddr, rate: usize) -> SocketAddr {
    // Bytes in the relay's buffer seem to have crossed the line already.
    const BUFFER: u32 = 16 * 1024;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(BUFFER).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(64).unwrap();
    let addr = listener.local_addr().unwrap();
    let turn = Arc::new(Mutex::new(Instant::now()));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let turn = turn.clone();
            tokio::spawn(async move {
                let server = TcpStream::connect(server).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move {
                    let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
                });
                let mut piece = [0; 4096];
                while let Ok(read @ 1..) = from_client.read(&mut piece).await {
                    let time = Duration::from_secs_f64(read as f64 / rate as f64);
                    let end = {
                        let mut next = turn.lock().await;
                        *next = (*next).max(Instant::now()) + time;
                        *next
                    };
                    sleep(end.saturating_duration_since(Instant::now())).await;
                    if to_server.write_all(&piece[..read]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    addr
}

#[tokio::test]
async fn eight_uploads_share_a_slow_line_and_each_is_sent_once() {
    const LENGTH: usize = 240_000;
    const RATE: usize = 640_000;
    let ca = Ca::new();
    let line = line(serve(ca.server(), answer_all).await, RATE).await;
    // Shorter than any of the uploads.
    let silence = Duration::from_secs(1);
    let builder = ca
        .builder()
        .stall_timeout(silence)
        .response_timeout(silence);
    let transport: Transport<_> = builder.concurrency(4).max_retries(2).build().unwrap();
    let start = Instant::now();
    let attempts: Vec<u32> = stream::iter(0..8)
        .map(|_| {
            let transport = transport.clone();
            async move {
                let response = send(&transport, post(line, vec![7; LENGTH])).await.unwrap();
                response.extensions().get::<CallInfo>().unwrap().attempts
            }
        })
        .buffer_unordered(4)
        .collect()
        .await;
    assert_eq!(attempts, [1; 8]);
    let needed = (8 * LENGTH) as f64 / RATE as f64;
    let took = start.elapsed().as_secs_f64();
    assert!(
        took < 1.1 * needed + 0.2,
        "{took} s, where {needed} s are needed"
    );
}

/// Linux counts the time of a small receive window as silence, even while bytes pass through it.
#[tokio::test]
async fn an_upload_that_moves_through_a_small_window_is_not_cut() {
    let ca = Ca::new();
    let line = line(serve(ca.server(), answer_all).await, 60_000).await;
    let builder = ca.builder().stall_timeout(Duration::from_millis(2500));
    let transport = builder.build().unwrap();
    let response = send(&transport, post(line, vec![7; 240_000])).await;
    assert_eq!(response.unwrap().body(), "ok");
}

#[cfg(any(target_os = "android", target_os = "linux"))]
#[tokio::test]
async fn a_connection_that_the_system_gives_up_has_the_step_and_the_time_of_its_silence() {
    let (before, most) = (Duration::from_secs(1), Duration::from_millis(500));
    let ca = Ca::new();
    let line = line(serve(ca.server(), answer_all).await, 8000).await;
    let builder = ca.builder().dialer(move |_| async move {
        sleep(before).await;
        let stream = TcpStream::connect(line).await?;
        SockRef::from(&stream).set_tcp_user_timeout(Some(most))?;
        Ok(stream)
    });
    let transport = builder.build().unwrap();
    let response = "waiting for the whole response of localhost";
    for (length, kind, step, verb) in [
        (
            8_000_000,
            Stall,
            "sending the request to localhost",
            "stood still for",
        ),
        (40_000, Response, response, "took longer than"),
    ] {
        let error = send(&transport, post(line, vec![7; length])).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout(kind), "{error:?}");
        let said = error.to_string();
        let (before, after) = said.split_once(&format!(" {verb} ")).expect(&said);
        assert_eq!(before, format!("{step}:{}", line.port()));
        let time: f64 = after.split_once(" s, ").expect(&said).0.parse().unwrap();
        assert!((0.4..1.4).contains(&time), "{said}");
    }
}
