// SPDX-License-Identifier: GPL-2.0 OR MIT
//! An upstream node for the tests of the kernel module. It prints one fact a
//! line; `OCKAM_LOG_LEVEL=debug` adds what upstream has to say.

mod traffic;
mod workers;

use ockam::access_control::AllowAll;
use ockam::flow_control::FlowControlId;
use ockam::identity::{
    Identifier, SecureChannelListenerOptions, SecureChannelOptions, TrustEveryonePolicy,
    TrustIdentifierPolicy, TrustPolicy,
};
use ockam::remote::RemoteRelayOptions;
use ockam::tcp::{TcpConnectionOptions, TcpListenerOptions, TcpTransport};
use ockam::{
    Address, Context, Error, LocalMessage, MessageReceiveOptions, Node, NodeBuilder, RelayService,
    RelayServiceOptions, Result, Route,
};
use ockam_core::errcode::{Kind, Origin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Semaphore;

const USAGE: &str = "usage: ockam-peer COMMAND

  serve ADDRESS [TRUSTED]       echo, hop, api and a relay service, until stopped
  relay ADDRESS NAME            echo and api, reached by a relay at ADDRESS
  uppercase ADDRESS ROUTE TEXT  send a text and print the answer
  send ADDRESS ROUTE COUNT [SIZE]
                                messages to what sends them back
  channel ADDRESS ROUTE WORKER COUNT [TRUSTED]
                                the same through a channel to the listener at
                                ROUTE, after a line on standard input

ROUTE is addresses with / between them; TRUSTED the only identifier accepted.";

/// A debug kernel in an emulated machine takes its time.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

fn failure(what: impl ToString) -> Error {
    Error::new(Origin::Application, Kind::Invalid, what.to_string())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse()
        .map_err(|_| failure(format!("not a number: {text}")))
}

fn trust(identifier: Option<&String>) -> Result<Arc<dyn TrustPolicy>> {
    Ok(match identifier {
        None => Arc::new(TrustEveryonePolicy),
        Some(text) => Arc::new(TrustIdentifierPolicy::new(Identifier::try_from(
            text.as_str(),
        )?)),
    })
}

/// `first`, then the addresses of `text`.
fn route(first: &Address, text: &str) -> Route {
    let mut route = ockam::route![first.clone()];

    for address in text.split('/') {
        route += address;
    }
    route
}

/// Echo and the channel listener `api`, for who comes in by one of `flows`.
async fn services(
    node: &Node,
    flows: &[FlowControlId],
    trusted: Option<&String>,
) -> Result<FlowControlId> {
    let identifier = node.create_identity().await?;
    let mut listener = SecureChannelListenerOptions::new().with_trust_policy(trust(trusted)?);
    let inside = listener.spawner_flow_control_id();

    for flow in flows {
        listener = listener.as_consumer(flow);
        node.flow_controls().add_consumer(&"echo".into(), flow);
    }
    node.flow_controls().add_consumer(&"echo".into(), &inside);
    node.start_worker("echo", workers::Echo::default())?;
    node.create_secure_channel_listener(&identifier, "api", listener)?;
    println!("identifier {identifier}");
    Ok(inside)
}

async fn serve(node: &Node, address: &str, trusted: Option<&String>) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let listener = TcpListenerOptions::new();
    let outside = listener.spawner_flow_control_id();
    let inside = services(node, &[outside.clone()], trusted).await?;
    let relays = RelayServiceOptions::new()
        .service_as_consumer(&outside)
        .service_as_consumer(&inside)
        .relay_as_consumer(&outside)
        .relay_as_consumer(&inside)
        .alias("static_forwarding_service")
        .prefix("forward_to_");

    node.flow_controls().add_consumer(&"hop".into(), &outside);
    node.start_worker("hop", workers::Hop)?;
    RelayService::create(node.context(), "forwarding_service", relays)?;
    tcp.listen(address, listener).await?;
    println!("listening {address}");
    std::future::pending().await
}

async fn relay(node: &Node, address: &str, name: &str) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let connection = tcp.connect(address, TcpConnectionOptions::new()).await?;
    let flow = connection.flow_control_id().clone();

    services(node, &[flow], None).await?;
    let info = node
        .create_static_relay(
            connection.sender_address().clone(),
            name,
            RemoteRelayOptions::new(),
        )
        .await?;
    println!("relay {}", info.remote_address());
    std::future::pending().await
}

async fn uppercase(node: &Node, address: &str, to: &str, text: &str) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let connection = tcp.connect(address, TcpConnectionOptions::new()).await?;
    let answer: String = node
        .send_and_receive(route(connection.sender_address(), to), text.to_string())
        .await?;

    println!("answer {answer}");
    Ok(())
}

/// Messages 0 to `count` along `onward`, and their echoes in the same order. The
/// number `count` stands for one message of `size` bytes where that is given.
async fn exchange(
    ctx: &Context,
    onward: Route,
    flow: &FlowControlId,
    count: u32,
    size: Option<usize>,
) -> Result<()> {
    let size_of = |number| size.unwrap_or_else(|| traffic::size(number));
    let own = Address::random_local();
    let mut inbox = ctx.new_detached(own.clone(), AllowAll, AllowAll)?;
    let window = Semaphore::new(traffic::WINDOW);

    ctx.flow_controls().add_consumer(&own, flow);
    let send = async {
        for number in 0..count {
            let size = size_of(number);
            let room = window
                .acquire_many(traffic::cost(size))
                .await
                .map_err(failure)?;
            let message = LocalMessage::new()
                .with_onward_route(onward.clone())
                .with_return_route(ockam::route![own.clone()])
                .with_payload(traffic::contents(number, size));

            room.forget();
            ctx.forward(message).await?;
        }
        Ok::<(), Error>(())
    };
    let check = async {
        for number in 0..count {
            let size = size_of(number);
            let options = MessageReceiveOptions::new().with_timeout(PATIENCE);
            let echo = inbox
                .receive_extended::<Vec<u8>>(options)
                .await?
                .into_payload();

            if echo != traffic::contents(number, size) {
                return Err(failure(format!(
                    "message {number} of {size} bytes: another one of {} came back",
                    echo.len()
                )));
            }
            window.add_permits(traffic::cost(size) as usize);
        }
        Ok(())
    };
    tokio::try_join!(send, check)?;
    println!("echoed {count}");
    Ok(())
}

async fn send(node: &Node, address: &str, to: &str, count: u32, size: Option<usize>) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let connection = tcp.connect(address, TcpConnectionOptions::new()).await?;
    let onward = route(connection.sender_address(), to);

    exchange(
        node.context(),
        onward,
        connection.flow_control_id(),
        count,
        size,
    )
    .await
}

async fn channel(
    node: &Node,
    address: &str,
    listener: &str,
    worker: &str,
    count: u32,
    trusted: Option<&String>,
) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let identifier = node.create_identity().await?;
    let options = SecureChannelOptions::new()
        .with_trust_policy(trust(trusted)?)
        .with_timeout(HANDSHAKE);

    println!("identifier {identifier}");
    BufReader::new(tokio::io::stdin())
        .lines()
        .next_line()
        .await
        .map_err(failure)?;
    let connection = tcp.connect(address, TcpConnectionOptions::new()).await?;
    let to = route(connection.sender_address(), listener);
    let channel = node.create_secure_channel(&identifier, to, options).await?;

    println!("peer {}", channel.their_identifier());
    let onward = route(channel.encryptor_address(), worker);
    exchange(
        node.context(),
        onward,
        channel.flow_control_id(),
        count,
        None,
    )
    .await
}

async fn run(ctx: Context, words: Vec<String>) -> Result<()> {
    let mut node = ockam::node(ctx).await?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let last = |n: usize| words.get(n).map(|word| word.to_string());

    match words[..] {
        ["serve", address] | ["serve", address, _] => {
            serve(&node, address, last(2).as_ref()).await?
        }
        ["relay", address, name] => relay(&node, address, name).await?,
        ["uppercase", address, to, text] => uppercase(&node, address, to, text).await?,
        ["send", address, to, count] => send(&node, address, to, number(count)?, None).await?,
        ["send", address, to, count, size] => {
            send(&node, address, to, number(count)?, Some(number(size)?)).await?
        }
        ["channel", address, to, worker, count] | ["channel", address, to, worker, count, _] => {
            channel(&node, address, to, worker, number(count)?, last(5).as_ref()).await?
        }
        _ => return Err(failure(USAGE)),
    }
    node.shutdown().await
}

fn main() {
    let words = std::env::args().skip(1).collect();
    let logging = std::env::var_os("OCKAM_LOG_LEVEL").is_some();
    let (ctx, mut executor) = NodeBuilder::new().with_logging(logging).build();

    match executor.execute(run(ctx, words)) {
        Ok(Ok(())) => (),
        Ok(Err(error)) | Err(error) => {
            eprintln!("ockam-peer: {error}");
            std::process::exit(1);
        }
    }
}
