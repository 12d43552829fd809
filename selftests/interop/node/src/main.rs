// SPDX-License-Identifier: GPL-2.0 OR MIT
//! An upstream node for the tests of the kernel module. It prints one fact a
//! line; `OCKAM_LOG_LEVEL=debug` adds what upstream has to say.

mod client;
mod options;
mod persona;
mod serve;
mod traffic;
mod workers;

use ockam::{Context, Error, NodeBuilder, Result};
use ockam_core::errcode::{Kind, Origin};
use options::{number, Options};
use std::io::stdin;

const USAGE: &str = "usage: ockam-peer COMMAND [OPTION]...

  serve ADDRESS                 echo, hop, api and a relay service, until stopped;
                                a line on standard input closes all channels
  relay ADDRESS NAME            echo and api, reached by a relay at ADDRESS
  uppercase ADDRESS ROUTE TEXT  send a text and print the answer
  send ADDRESS ROUTE COUNT      messages to what sends them back
  channel ADDRESS ROUTE[,ROUTE]... WORKER COUNT
                                the same through a channel to the listener at
                                ROUTE, the next one through that, and so on;
                                waits for a line on standard input
  import HISTORY                whose it is, from hexadecimal

A ROUTE is addresses with / between them.

  --trusted IDENTIFIER          the only peer that is accepted
  --keys TYPE[,TYPE]...         the identity's key, ed25519 or p256, and those
                                that it was rotated to
  --rotate TYPE                 channel: rotate, then do it all again
  --credential good|expired|foreign
                                present one; says who the authority is
  --authority HISTORY           say what it vouches for of peers
  --connect ADDRESS             serve: connect there, too
  --through LISTENER            serve, relay: go through a channel there
  --own NAME                    where answers come to
  --size BYTES                  of each message
  --slowly                      one message at a time
  --hold                        channel: keep it, until the peer closes it or a
                                line comes on standard input
  --ping MS, --retry MS         relay: how it is supervised";

pub fn failure(what: impl ToString) -> Error {
    Error::new(Origin::Application, Kind::Invalid, what.to_string())
}

/// A line of standard input, or nothing at its end.
pub async fn next_line() -> Result<Option<String>> {
    let read = tokio::task::spawn_blocking(|| stdin().lines().next().transpose());

    read.await.map_err(failure)?.map_err(failure)
}

async fn run(ctx: Context, words: Vec<String>, options: Options) -> Result<()> {
    let mut node = ockam::node(ctx).await?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let options = &options;

    match words[..] {
        ["serve", address] => serve::serve(&node, address, options).await?,
        ["relay", address, name] => serve::relay(&node, address, name, options).await?,
        ["uppercase", address, to, text] => client::uppercase(&node, address, to, text).await?,
        ["send", address, to, count] => {
            client::send(&node, address, to, number(count)?, options).await?
        }
        ["channel", address, to, worker, count] => {
            client::channel(&node, address, to, worker, number(count)?, options).await?
        }
        ["import", history] => persona::import(&node, history).await?,
        _ => return Err(failure(USAGE)),
    }
    node.shutdown().await
}

fn execute() -> Result<()> {
    let (words, options) = options::parse(std::env::args().skip(1))?;
    let logging = std::env::var_os("OCKAM_LOG_LEVEL").is_some();
    let (ctx, mut executor) = NodeBuilder::new().with_logging(logging).build();

    executor.execute(run(ctx, words, options))?
}

fn main() {
    if let Err(error) = execute() {
        eprintln!("ockam-peer: {error}");
        std::process::exit(1);
    }
    // A thread may still wait for standard input.
    std::process::exit(0);
}
