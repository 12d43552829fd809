// SPDX-License-Identifier: GPL-2.0 OR MIT
//! What goes to other nodes and checks what comes back.

use crate::options::Options;
use crate::persona::Persona;
use crate::{failure, next_line, persona, traffic, workers};
use ockam::access_control::AllowAll;
use ockam::flow_control::FlowControlId;
use ockam::identity::{SecureChannel, SecureChannelOptions};
use ockam::tcp::{TcpConnection, TcpConnectionOptions, TcpTransport};
use ockam::{Address, LocalMessage, MessageReceiveOptions, Node, Result, Route};
use std::future::pending;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A debug kernel in an emulated machine takes its time.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// The way to another node: a connection, or a channel over one.
pub struct Way {
    pub first: Address,
    pub flow: FlowControlId,
    connection: TcpConnection,
    channel: bool,
}

impl Way {
    pub fn close(self, node: &Node) {
        if self.channel {
            let _ = node
                .secure_channels()
                .stop_secure_channel(node.context(), &self.first);
        }
        let _ = self.connection.stop(node.context());
    }
}

/// `first`, then the addresses of `text`.
fn route(first: &Address, text: &str) -> Route {
    let mut route = ockam::route![first.clone()];

    for address in text.split('/') {
        route += address;
    }
    route
}

async fn open(
    node: &Node,
    persona: &Persona,
    to: Route,
    options: &Options,
) -> Result<SecureChannel> {
    let mut how = SecureChannelOptions::new()
        .with_trust_policy(persona::trust(options))
        .with_timeout(HANDSHAKE);

    if let Some(credential) = &persona.credential {
        how = how.with_credential(credential.clone())?;
    }
    if let Some(authority) = &persona.authority {
        how = how.with_authority(authority.clone());
    }
    let channel = node
        .create_secure_channel(&persona.identifier, to, how)
        .await?;

    persona::show_peer(
        &node.identities_attributes(),
        persona.authority.as_ref(),
        channel.their_identifier(),
    )
    .await?;
    Ok(channel)
}

/// To `address`, and there through the listener that the options name.
pub async fn connect(
    node: &Node,
    persona: &Persona,
    address: &str,
    options: &Options,
) -> Result<Way> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let connection = tcp.connect(address, TcpConnectionOptions::new()).await?;
    let mut way = Way {
        first: connection.sender_address().clone(),
        flow: connection.flow_control_id().clone(),
        connection,
        channel: false,
    };

    if let Some(listener) = &options.through {
        let channel = open(node, persona, route(&way.first, listener), options).await?;

        way.first = channel.encryptor_address().clone();
        way.flow = channel.flow_control_id().clone();
        way.channel = true;
    }
    Ok(way)
}

pub async fn uppercase(node: &Node, address: &str, to: &str, text: &str) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let connection = tcp.connect(address, TcpConnectionOptions::new()).await?;
    let answer: String = node
        .send_and_receive(route(connection.sender_address(), to), text.to_string())
        .await?;

    println!("answer {answer}");
    Ok(())
}

/// Messages 0 to `count` along `onward`, and their echoes in the same order.
async fn exchange(
    node: &Node,
    onward: Route,
    flow: &FlowControlId,
    count: u32,
    options: &Options,
) -> Result<()> {
    let size_of = |number| options.size.unwrap_or_else(|| traffic::size(number));
    let cost = |size| match options.slowly {
        true => traffic::WINDOW as u32,
        false => traffic::cost(size),
    };
    let own = match &options.own {
        Some(name) => name.as_str().into(),
        None => Address::random_local(),
    };
    let ctx = node.context();
    let mut inbox = ctx.new_detached(own.clone(), AllowAll, AllowAll)?;
    let window = Semaphore::new(traffic::WINDOW);

    ctx.flow_controls().add_consumer(&own, flow);
    let send = async {
        for number in 0..count {
            let size = size_of(number);
            let room = window.acquire_many(cost(size)).await.map_err(failure)?;
            let message = LocalMessage::new()
                .with_onward_route(onward.clone())
                .with_return_route(ockam::route![own.clone()])
                .with_payload(traffic::contents(number, size));

            room.forget();
            ctx.forward(message).await?;
        }
        Ok(())
    };
    let check = async {
        for number in 0..count {
            let size = size_of(number);
            let limit = MessageReceiveOptions::new().with_timeout(PATIENCE);
            let echo = inbox
                .receive_extended::<Vec<u8>>(limit)
                .await?
                .into_payload();

            if echo != traffic::contents(number, size) {
                return Err(failure(format!(
                    "message {number} of {size} bytes: another one of {} came back",
                    echo.len()
                )));
            }
            window.add_permits(cost(size) as usize);
        }
        Ok(())
    };
    tokio::try_join!(send, check)?;
    println!("echoed {count}");
    Ok(())
}

pub async fn send(
    node: &Node,
    address: &str,
    to: &str,
    count: u32,
    options: &Options,
) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let connection = tcp.connect(address, TcpConnectionOptions::new()).await?;
    let onward = route(connection.sender_address(), to);

    exchange(node, onward, connection.flow_control_id(), count, options).await
}

/// Until the other side has closed the channel.
async fn closed(node: &Node, channel: &SecureChannel) {
    let registry = node.secure_channels().secure_channel_registry();

    while registry
        .get_channel_by_encryptor_address(channel.encryptor_address())
        .is_some()
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Until a line on standard input, or for ever.
async fn told() -> Result<()> {
    match next_line().await? {
        Some(_) => Ok(()),
        None => pending().await,
    }
}

async fn hold(node: &Node, channel: &SecureChannel) -> Result<()> {
    tokio::select! {
        _ = closed(node, channel) => println!("closed there"),
        told = told() => {
            told?;
            node.secure_channels()
                .stop_secure_channel(node.context(), channel.encryptor_address())?;
            // What says so to the other side has to leave first.
            tokio::time::sleep(Duration::from_secs(1)).await;
            println!("closed here");
        }
    }
    Ok(())
}

/// Through a channel to the last one of `listeners`; each channel but the first
/// goes through the one before.
pub async fn channel(
    node: &Node,
    address: &str,
    listeners: &str,
    worker: &str,
    count: u32,
    options: &Options,
) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let persona = persona::create(node, options).await?;
    let anyone = Options::default();

    node.start_worker("echo", workers::Echo::new(node, &persona))?;
    next_line().await?;
    let connection = tcp.connect(address, TcpConnectionOptions::new()).await?;
    let mut first = connection.sender_address().clone();
    let outer: Vec<&str> = listeners.split(',').collect();
    let (last, outer) = outer.split_last().expect("split gives something");

    for listener in outer {
        let channel = open(node, &persona, route(&first, listener), &anyone).await?;

        first = channel.encryptor_address().clone();
    }
    let mut next = options.rotate;
    loop {
        let channel = open(node, &persona, route(&first, last), options).await?;
        let onward = route(channel.encryptor_address(), worker);
        let flow = channel.flow_control_id();

        node.flow_controls().add_consumer(&"echo".into(), flow);
        exchange(node, onward, flow, count, options).await?;
        if options.hold {
            hold(node, &channel).await?;
        }
        match next.take() {
            None => return Ok(()),
            Some(key) => persona::rotate(node, &persona.identifier, key).await?,
        }
    }
}
