// SPDX-License-Identifier: GPL-2.0 OR MIT
//! The command line: words, and options anywhere among them.

use crate::failure;
use ockam::identity::Identifier;
use ockam::vault::SigningKeyType;
use ockam::Result;
use std::str::FromStr;
use std::time::Duration;

#[derive(Clone, Copy)]
pub enum Key {
    Ed25519,
    P256,
}

impl From<Key> for SigningKeyType {
    fn from(key: Key) -> Self {
        match key {
            Key::Ed25519 => SigningKeyType::EdDSACurve25519,
            Key::P256 => SigningKeyType::ECDSASHA256CurveP256,
        }
    }
}

/// Who has signed the credential that is presented, and until when it is good.
#[derive(Clone, Copy, PartialEq)]
pub enum Credential {
    Good,
    Expired,
    Foreign,
}

pub struct Options {
    /// The only peer that is accepted.
    pub trusted: Option<Identifier>,
    /// The type of the identity's first key, then of those that it rotates to.
    pub keys: Vec<Key>,
    /// The key to rotate to while others know the identity already.
    pub rotate: Option<Key>,
    pub credential: Option<Credential>,
    /// The history of the authority whose credentials about others count.
    pub authority: Option<String>,
    /// A node to connect to as well.
    pub connect: Option<String>,
    /// The channel listener of the other end to go through.
    pub through: Option<String>,
    /// The local address that answers come to.
    pub own: Option<String>,
    /// Bytes of each message; a mixture without it.
    pub size: Option<usize>,
    /// One message at a time.
    pub slowly: bool,
    /// Keep the channel until somebody closes it.
    pub hold: bool,
    /// Time between pings, and before another attempt: upstream's own.
    pub ping: Duration,
    pub retry: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            trusted: None,
            keys: vec![Key::Ed25519],
            rotate: None,
            credential: None,
            authority: None,
            connect: None,
            through: None,
            own: None,
            size: None,
            slowly: false,
            hold: false,
            ping: Duration::from_secs(10),
            retry: Duration::from_secs(5),
        }
    }
}

pub fn number<T: FromStr>(text: &str) -> Result<T> {
    text.parse()
        .map_err(|_| failure(format!("not a number: {text}")))
}

fn key(text: &str) -> Result<Key> {
    match text {
        "ed25519" => Ok(Key::Ed25519),
        "p256" => Ok(Key::P256),
        _ => Err(failure(format!("not a type of keys: {text}"))),
    }
}

fn credential(text: &str) -> Result<Credential> {
    match text {
        "good" => Ok(Credential::Good),
        "expired" => Ok(Credential::Expired),
        "foreign" => Ok(Credential::Foreign),
        _ => Err(failure(format!("not a kind of credentials: {text}"))),
    }
}

/// The words without the options, and these.
pub fn parse(mut args: impl Iterator<Item = String>) -> Result<(Vec<String>, Options)> {
    let mut options = Options::default();
    let mut words = vec![];

    while let Some(word) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| failure(format!("{word} wants a value")))
        };

        match word.as_str() {
            "--trusted" => options.trusted = Some(Identifier::try_from(value()?.as_str())?),
            "--keys" => options.keys = value()?.split(',').map(key).collect::<Result<_>>()?,
            "--rotate" => options.rotate = Some(key(&value()?)?),
            "--credential" => options.credential = Some(credential(&value()?)?),
            "--authority" => options.authority = Some(value()?),
            "--connect" => options.connect = Some(value()?),
            "--through" => options.through = Some(value()?),
            "--own" => options.own = Some(value()?),
            "--size" => options.size = Some(number(&value()?)?),
            "--slowly" => options.slowly = true,
            "--hold" => options.hold = true,
            "--ping" => options.ping = Duration::from_millis(number(&value()?)?),
            "--retry" => options.retry = Duration::from_millis(number(&value()?)?),
            _ if word.starts_with("--") => return Err(failure(format!("unknown option {word}"))),
            _ => words.push(word),
        }
    }
    Ok((words, options))
}
