//! `meta-data`: who the machine is. Other keys than these are the platform's own and mean nothing here.

use serde::Deserialize;

use super::hostname::HostName;

/// The keys of a NoCloud meta-data that say something to firstlight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MetaData {
    /// Which machine this is. Another instance-id is another machine.
    #[serde(rename = "instance-id")]
    pub instance_id: Option<String>,
    /// The name the platform gives the machine; the document's own `hostname` and `fqdn` come first.
    #[serde(rename = "local-hostname")]
    pub local_hostname: Option<HostName>,
}
