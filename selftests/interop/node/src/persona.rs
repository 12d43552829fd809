// SPDX-License-Identifier: GPL-2.0 OR MIT
//! Who this node is, what vouches for it, and whom it trusts.

use crate::options::{Credential, Key, Options};
use ockam::identity::models::{CredentialAndPurposeKey, CredentialSchemaIdentifier};
use ockam::identity::utils::AttributesBuilder;
use ockam::identity::{
    Identifier, IdentitiesAttributes, TrustEveryonePolicy, TrustIdentifierPolicy, TrustPolicy,
};
use ockam::{Node, Result};
use std::sync::Arc;
use std::time::Duration;

pub fn trust(options: &Options) -> Arc<dyn TrustPolicy> {
    match &options.trusted {
        None => Arc::new(TrustEveryonePolicy),
        Some(identifier) => Arc::new(TrustIdentifierPolicy::new(identifier.clone())),
    }
}

/// Adds a change; the identifier stays.
pub async fn rotate(node: &Node, identifier: &Identifier, key: Key) -> Result<()> {
    let creation = node.identities_creation();
    let change = creation.identity_builder().with_random_key(key.into());

    creation
        .rotate_identity_with_options(identifier, change.build_options().await?)
        .await
}

/// What others may import.
async fn history(node: &Node, identifier: &Identifier) -> Result<String> {
    let identity = node.identities().get_identity(identifier).await?;

    identity.export_as_string()
}

/// This node's identity and what it presents.
pub struct Persona {
    pub identifier: Identifier,
    pub credential: Option<CredentialAndPurposeKey>,
    /// Whose credentials about others count.
    pub authority: Option<Identifier>,
}

/// A new identity, whose keys are of the types that the options name, the last
/// one being in use.
pub async fn create(node: &Node, options: &Options) -> Result<Persona> {
    let keys = &options.keys;
    let builder = node.identities_creation().identity_builder();
    let identifier = builder.with_random_key(keys[0].into()).build().await?;
    let mut persona = Persona {
        identifier: identifier.clone(),
        credential: None,
        authority: None,
    };

    for key in &keys[1..] {
        rotate(node, &identifier, *key).await?;
    }
    if let Some(kind) = options.credential {
        persona.credential = Some(credential(node, &identifier, kind).await?);
    }
    if let Some(authority) = &options.authority {
        persona.authority = Some(node.import_identity_hex(None, authority).await?);
    }
    println!("history {}", history(node, &identifier).await?);
    println!("identifier {identifier}");
    Ok(persona)
}

/// Who a peer is, and what the authority says of it.
pub async fn show_peer(
    attributes: &IdentitiesAttributes,
    authority: Option<&Identifier>,
    peer: &Identifier,
) -> Result<()> {
    if let Some(authority) = authority {
        if let Some(entry) = attributes.get_attributes(peer, authority).await? {
            for (key, value) in entry.attrs() {
                let text = String::from_utf8_lossy;

                println!("attribute {}={}", text(key), text(value));
            }
        }
    }
    println!("peer {peer}");
    Ok(())
}

/// What another node exported.
pub async fn import(node: &Node, history: &str) -> Result<()> {
    let identifier = node.import_identity_hex(None, history).await?;
    let identity = node.identities().get_identity(&identifier).await?;

    println!("changes {}", identity.changes().len());
    println!("identifier {identifier}");
    Ok(())
}

/// A credential about `subject`. The authority that is printed has issued it,
/// unless it is a foreign one.
async fn credential(
    node: &Node,
    subject: &Identifier,
    kind: Credential,
) -> Result<CredentialAndPurposeKey> {
    let authority = node.create_identity().await?;
    let issuer = match kind {
        Credential::Foreign => node.create_identity().await?,
        _ => authority.clone(),
    };
    let attributes = AttributesBuilder::with_schema(CredentialSchemaIdentifier(0))
        .with_attribute("ockam-relay", "*")
        .with_attribute("role", "tester")
        .build();
    let life = Duration::from_secs(if kind == Credential::Expired { 1 } else { 3600 });
    let credential = node
        .credentials()
        .credentials_creation()
        .issue_credential(&issuer, subject, attributes, life)
        .await?;

    if kind == Credential::Expired {
        tokio::time::sleep(life * 3).await;
    }
    println!("authority-history {}", history(node, &authority).await?);
    println!("authority {authority}");
    Ok(credential)
}
