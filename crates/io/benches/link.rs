//! Pages of 10 MiB through two stacks, two drivers and PPP: megabytes a second, per line.
#![allow(missing_docs, dead_code, clippy::unwrap_used)]

#[path = "../tests/lab/mod.rs"]
mod lab;

use std::time::Instant;

use bytes::Bytes;
use lab::{Running, SERVER, over_exchange, over_tcp};
use openras_io::net::http::{fetch, serve};

const SIZE: usize = 10 << 20;

async fn measure(name: &str, (caller, answerer): (Running, Running)) {
    let site = Bytes::from(vec![b'e'; SIZE]);
    tokio::spawn(serve(answerer.ip.tcp_listen(80).unwrap(), move |_| Some(site.clone())));
    for _ in 0..3 {
        let begin = Instant::now();
        let mut page = fetch(&caller.ip, &format!("http://{SERVER}/")).await.unwrap();
        let mut size = 0;
        while let Some(bytes) = page.chunk().await.unwrap() {
            size += bytes.len();
        }
        assert_eq!(size, SIZE);
        let seconds = begin.elapsed().as_secs_f64();
        println!("{name}: 10 MiB in {seconds:.3} s, {:.0} MB/s", SIZE as f64 / seconds / 1e6);
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        measure("exchange", over_exchange(None).await).await;
        measure("tcp", over_tcp().await).await;
    });
}
