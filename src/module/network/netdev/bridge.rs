//! `[Bridge]` of a `.netdev` file.

use crate::document::network::BridgeParameters;

use super::super::ini::Section;

/// How a bridge works. What is said of its ports is in their own files.
pub fn section(parameters: &BridgeParameters) -> Section {
    let mut section = Section::new("Bridge");
    section.set_if("AgeingTimeSec", parameters.ageing_time.as_ref());
    section.set_if("Priority", parameters.priority);
    section.set_if("ForwardDelaySec", parameters.forward_delay.as_ref());
    section.set_if("HelloTimeSec", parameters.hello_time.as_ref());
    section.set_if("MaxAgeSec", parameters.max_age.as_ref());
    section.set_bool("STP", parameters.spanning_tree());
    section
}
