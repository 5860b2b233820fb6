use super::*;
use crate::source::file::read_plain;

fn from_environment(xml: &[u8], origin: &str) -> Verdict {
    verdict(xml, origin, origin, Some(&read_plain))
}
use crate::document::Document;
use crate::source::Rules;
use crate::source::media::images::{Image, iso};
use crate::system::Root;

const VSPHERE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1"
     xmlns:ve="http://www.vmware.com/schema/ovfenv" oe:id="" ve:vCenterId="vm-320">
   <PlatformSection><Kind>VMware ESXi</Kind><Version>8.0.3</Version></PlatformSection>
   <PropertySection>
      <Property oe:key="firstlight.hostname" oe:value="docker01"/>
      <Property oe:key="firstlight.ip" oe:value="192.0.2.10/24"/>
      <Property oe:key="firstlight.gateway" oe:value="192.0.2.1"/>
      <Property oe:key="firstlight.dns" oe:value="192.0.2.2, 192.0.2.3"/>
      <Property oe:key="firstlight.domain" oe:value="example.test"/>
      <Property oe:key="firstlight.root-password.0" oe:value="p&amp;ss&quot;&lt;1&gt;: #x&#x85;"/>
      <Property oe:key="firstlight.permit-root-login" oe:value="True"/>
      <Property oe:key="com.example.firstlight.docker" oe:value="False"/>
      <Property oe:key="firstlight.ntp" oe:value=""/>
      <Property oe:key="other.hostname" oe:value="not-this"/>
   </PropertySection>
   <ve:EthernetAdapterSection>
      <ve:Adapter ve:mac="00:50:56:99:C0:4C" ve:network="VM Network" ve:unitNumber="7"/>
      <ve:Adapter ve:mac="00:50:56:99:c0:4d" ve:network="VM Network" ve:unitNumber="8"/>
   </ve:EthernetAdapterSection>
   <Entity oe:id="db"><PropertySection><Property oe:key="hostname" oe:value="db01"/></PropertySection></Entity>
</Environment>
"#;

fn environment(properties: &[(&str, &str)]) -> String {
    let line = |(key, value): &(&str, &str)| format!("<Property oe:key=\"{key}\" oe:value=\"{value}\"/>");
    let properties: String = properties.iter().map(line).collect();
    let uri = "http://schemas.dmtf.org/ovf/environment/1";
    format!(
        "<Environment xmlns=\"{uri}\" xmlns:oe=\"{uri}\"><PropertySection>{properties}</PropertySection></Environment>"
    )
}

fn present(verdict: Verdict) -> Seed {
    match verdict {
        Verdict::Present(seed) => *seed,
        other => panic!("{other:?}"),
    }
}

fn seed_of(properties: &[(&str, &str)]) -> Seed {
    present(from_environment(environment(properties).as_bytes(), "env"))
}

fn broken(xml: &str) -> String {
    match from_environment(xml.as_bytes(), "env") {
        Verdict::Broken(fault) => fault.to_string(),
        other => panic!("{other:?}"),
    }
}

/// What is wrong with an environment: why it can't be used, or what its properties cost, a line each.
fn wrong(xml: &str) -> String {
    match from_environment(xml.as_bytes(), "env") {
        Verdict::Broken(fault) => fault.to_string(),
        Verdict::Present(seed) => told(&seed).join("\n"),
        other => panic!("{other:?}"),
    }
}

/// What is wrong with the document of a seed: `PLACE: MESSAGE`.
fn told(seed: &Seed) -> Vec<String> {
    let document = Document::read(&seed.texts());
    let told = document.diagnostics.iter();
    told.map(|found| format!("{}: {}", found.place(), found.message))
        .collect()
}

fn document(seed: &Seed) -> Document {
    let document = Document::read(&seed.texts());
    let shown: Vec<_> = document.diagnostics.iter().map(|d| d.render(false)).collect();
    assert!(!document.has_errors(), "{}", shown.join("\n"));
    document
}

#[test]
fn what_vsphere_writes() {
    let seed = present(from_environment(VSPHERE.as_bytes(), "env"));
    assert!(seed.meta_data.is_none() && seed.vendor_data.is_none());
    let config = document(&seed).config;
    assert_eq!(config.hostname.unwrap().as_str(), "docker01");
    let password = config.root.unwrap().password.unwrap();
    assert_eq!(password.secret().expose(), "p&ss\"<1>: #x\u{85}");
    assert_eq!(config.sshd.unwrap().permit_root_login.unwrap().as_str(), "yes");
    assert_eq!(config.docker.unwrap().enabled, Some(false));
    let network = String::from_utf8(seed.network_config.as_ref().unwrap().bytes.to_vec()).unwrap();
    for words in [
        "00:50:56:99:c0:4c",
        "192.0.2.10/24",
        "192.0.2.1\"",
        "192.0.2.3",
        "example.test",
    ] {
        assert!(network.contains(words), "{network}");
    }
    assert!(!network.contains("c0:4d"), "{network}");
}

#[test]
fn what_govc_writes_and_what_people_burn_for_virtualbox() {
    // govmomi's ovf.Env.MarshalManual: tabs, the ESXi name of the machine, values that are not escaped.
    let govc = |hostname: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Environment\n\t\txmlns=\"http://schemas.dmtf.org/ovf/environment/1\"\n\
             \t\txmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n\
             \t\txmlns:oe=\"http://schemas.dmtf.org/ovf/environment/1\"\n\
             \t\txmlns:ve=\"http://www.vmware.com/schema/ovfenv\"\n\t\toe:id=\"\"\n\t\tve:esxId=\"vm-42\">\n\
             \t<PlatformSection>\n\t\t<Kind>VMware ESXi</Kind>\n\t</PlatformSection>\n\
             \t<PropertySection>\n\t\t<Property oe:key=\"firstlight.hostname\" oe:value=\"{hostname}\"/>\n\
             \t\t<Property oe:key=\"firstlight.docker\" oe:value=\"True\"/>\n\t</PropertySection>\n</Environment>"
        )
    };
    let config = document(&present(from_environment(govc("web1").as_bytes(), "env"))).config;
    assert_eq!(config.hostname.unwrap().as_str(), "web1");
    assert!(broken(&govc("hunter2 & sons")).contains("doesn't start an entity"));
    // VirtualBox makes none itself: the example of cloud-init's documentation, with its schema and comment, on an ISO.
    let burnt = "<?xml version='1.0' encoding='UTF-8'?>\n<Environment xmlns='http://schemas.dmtf.org/ovf/environment/1' \
                 xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
                 xmlns:oe='http://schemas.dmtf.org/ovf/environment/1' \
                 xsi:schemaLocation='http://schemas.dmtf.org/ovf/environment/1 ../dsp8027.xsd' oe:id='WebTier'>\n\
                 <!-- This example references a local schema file -->\n\
                 <PlatformSection><Kind>ESX Server</Kind><Version>3.0.1</Version><Locale>en_US</Locale></PlatformSection>\n\
                 <PropertySection>\n<Property oe:key='instance-id' oe:value='i-abcdefg'/>\n\
                 <Property oe:key='hostname' oe:value='ubuntuhost'/>\n</PropertySection>\n</Environment>\n";
    let Some(image) = iso("genisoimage", "CDROM", &["-r"], &[("ovf-env.xml", burnt)]) else {
        return;
    };
    let meta = document(&present(from_path(&image.path))).meta_data;
    assert_eq!(meta.instance_id.as_deref(), Some("i-abcdefg"));
    assert_eq!(meta.local_hostname.unwrap().as_str(), "ubuntuhost");
}

#[test]
fn other_namespaces_and_none() {
    let key = |pre: &str, xmlns: &str| {
        format!(
            "<Environment {xmlns}><PropertySection><Property {pre}key='hostname' {pre}value='a'/></PropertySection></Environment>"
        )
    };
    for xml in [
        key("", ""),
        key("", "xmlns='http://schemas.dmtf.org/ovf/environment/1'"),
        key("of:", "xmlns:of='http://schemas.dmtf.org/ovf/environment/1'"),
        key("x:", "xmlns='urn:other' xmlns:x='urn:x'"),
        format!("\u{feff}<?xml version='1.0'?>{}\n\0", key("", "")),
    ] {
        assert!(
            present(from_environment(xml.as_bytes(), "env")).meta_data.is_some(),
            "{xml}"
        );
    }
}

#[test]
fn documents_and_what_lies_below_them() {
    let seed = seed_of(&[
        ("user-data", "I2Nsb3VkLWNvbmZpZwpob3N0bmFtZTogdXBwZXIK"),
        ("firstlight.hostname", "lower"),
        ("firstlight.docker", "true"),
        ("instance-id", "i-1"),
        ("hostname", "platform"),
    ]);
    assert_eq!(seed.user_data.as_ref().unwrap().origin, "env (user-data)");
    let document = document(&seed);
    assert_eq!(document.config.hostname.unwrap().as_str(), "upper");
    assert_eq!(document.config.docker.unwrap().enabled, Some(true));
    assert_eq!(document.meta_data.instance_id.as_deref(), Some("i-1"));
}

#[test]
fn no_error_shows_a_value() {
    let entity = r#"<!DOCTYPE x [<!ENTITY a "hunter2"><!ENTITY b "&a;&a;&a;">]><Environment>&b;</Environment>"#;
    let one = |name, value| environment(&[(name, value)]);
    for (xml, words) in [
        (entity.to_owned(), "has a DTD"),
        (one("password", "p&hunter2;"), "doesn't start an entity"),
        (one("password", "p&hunter2"), "doesn't start an entity"),
        (one("password", "x\"hunter2"), "not well-formed"),
        (one("password", "<hunter2>"), "not well-formed"),
        (one("password", "x\" hunter2=\"1\" hunter2=\"2"), "not well-formed"),
        (
            one("firstlight.hostnam", "hunter2"),
            "did you mean firstlight.hostname?",
        ),
        (one("firstlight.docker", "hunter2"), "neither True nor False"),
        (one("user-data", "hunter2"), "base64 -w0"),
        (one("seedfrom", "ftp://hunter2@x/"), "has an unsupported scheme"),
        (one("seedfrom", "hunter2"), "names no place"),
        (one("seedfrom", "/x"), "neither user-data nor meta-data"),
        (
            environment(&[("seedfrom", "http://x/"), ("user-data", "hostname: hunter2")]),
            "keep one",
        ),
        (one("firstlight.dns", "hunter2"), "firstlight.dns needs firstlight.ip"),
        (
            one("firstlight.ssh-key", "ssh-rsa AAAAx hunter2 ssh-rsa AAAAy"),
            "several keys",
        ),
        (
            environment(&[("firstlight.ip.0", "hunter2"), ("firstlight.ip.1", "x")]),
            "differ",
        ),
        (environment(&[("seedfrom", "/x"), ("hostname", "hunter2")]), "keep one"),
        ("<a/>".to_owned(), "not an OVF environment"),
        (String::new(), "is empty"),
    ] {
        let why = wrong(&xml);
        assert!(
            why.starts_with("env: ") && why.contains(words) && !why.contains("hunter2"),
            "{words}: {why}"
        );
    }
}

#[test]
fn a_seed_at_an_address_with_a_network_to_get_there() {
    let xml = environment(&[
        ("seedfrom", "https://me:hunter2@seeds.example.test/web1/"),
        ("firstlight.ip", "192.0.2.10/24"),
        ("firstlight.hostname", "web1"),
    ]);
    let Verdict::Present(seed) = from_environment(xml.as_bytes(), "env") else {
        panic!()
    };
    assert!(!seed.is_whole() && !format!("{seed:?}").contains("hunter2"));
    assert_eq!(seed.rest(), "https://seeds.example.test/web1/");
    let here = seed.here();
    let document = crate::document::Document::read(&here.texts());
    assert!(!document.has_errors() && document.config.network.is_some());
}

#[test]
fn nothing_of_ours_is_absent() {
    for xml in [environment(&[]), environment(&[("hostname", " "), ("a.hostname", "x")])] {
        assert!(
            matches!(from_environment(xml.as_bytes(), "env"), Verdict::Absent(_)),
            "{xml}"
        );
    }
}

#[test]
fn hostile_documents_are_bounded() {
    let attributes: String = (0..90_000).map(|n| format!(" a{n}=''")).collect();
    let spaces: String = (0..4000).map(|n| format!("<a xmlns:a{n}='u'>")).collect();
    for (xml, words) in [
        ("<a>".repeat(300_000), "more than 4096 nodes"),
        (format!("<Environment{attributes}/>"), "too many attributes"),
        (spaces, "too many namespaces"),
        ("x".repeat(LIMIT + 1), "more than 1048576 bytes"),
    ] {
        let why = broken(&xml);
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn damage_anywhere_is_no_panic() {
    for at in 0..VSPHERE.len() {
        let mut bytes = VSPHERE.as_bytes().to_vec();
        bytes[at] ^= 0x15;
        from_environment(&bytes, "env");
        from_environment(&VSPHERE.as_bytes()[..at], "env");
    }
}

fn search_images(images: &[&Image]) -> Verdict {
    let empty = tempfile::tempdir().unwrap();
    let root = Root::open(empty.path()).unwrap();
    let devices = images.iter().map(|image| image.path.clone()).collect();
    search(&Places {
        root,
        live: true,
        devices,
        rules: Rules::default(),
    })
}

#[test]
fn volumes_of_any_label_and_spelling() {
    for (tool, options, name) in [
        ("xorriso", &["-J", "-r"][..], "ovf-env.xml"),
        ("genisoimage", &[], "OVF_ENV.XML"),
        ("genisoimage", &["-r"], "ovf-env.xml"),
    ] {
        let Some(image) = iso(tool, "anything", options, &[(name, VSPHERE)]) else {
            continue;
        };
        for verdict in [
            search_images(&[&image]),
            search_images(&[&image, &image]),
            from_path(&image.path),
        ] {
            assert!(
                present(verdict)
                    .user_data
                    .unwrap()
                    .origin
                    .to_lowercase()
                    .contains(":ovf")
            );
        }
        let other = environment(&[("hostname", "other")]);
        let Some(other) = iso(tool, "anything", options, &[(name, other.as_str())]) else {
            continue;
        };
        assert!(matches!(search_images(&[&image, &other]), Verdict::Broken(fault) if fault.what.contains("different")));
    }
    assert!(matches!(search_images(&[]), Verdict::Absent(_)));
}

/// A volume that fails, or is cut off, may have held one; labelled as one, it did.
#[test]
fn an_environment_that_cannot_be_read_is_not_absent() {
    let empty = tempfile::tempdir().unwrap();
    let root = Root::open(empty.path()).unwrap();
    let look = |devices: &[&str]| {
        search(&Places {
            root: root.clone(),
            live: true,
            devices: devices.iter().map(Into::into).collect(),
            rules: Rules::default(),
        })
    };
    assert!(matches!(look(&["/nonexistent/sr0"]), Verdict::Absent(_)));
    let verdict = look(&["/nonexistent/sr0", "/dev/null"]);
    assert!(
        matches!(&verdict, Verdict::Unknown(fault) if fault.place == "/dev/null"),
        "{verdict:?}"
    );
    for (label, is_one) in [("anything", false), ("OVF ENV", true)] {
        let Some(image) = iso("xorriso", label, &["-J", "-r"], &[("ovf-env.xml", VSPHERE)]) else {
            return;
        };
        present(look(&["/dev/null", image.path.to_str().unwrap()]));
        image.cut(image.bytes().len() as u64 / 2);
        let verdict = look(&[image.path.to_str().unwrap()]);
        let (Verdict::Broken(fault) | Verdict::Unknown(fault)) = &verdict else {
            panic!("{label}: {verdict:?}")
        };
        assert!(fault.to_string().contains("it was cut"), "{label}: {fault}");
        assert_eq!(matches!(verdict, Verdict::Broken(_)), is_one, "{label}");
    }
}

#[test]
fn all_that_is_wrong_is_said_and_nothing_that_follows() {
    let seed = seed_of(&[
        ("firstlight.hostname", "web1"),
        ("firstlight.hostnam", "web2"),
        ("firstlight.docker", "hunter2"),
        ("com.example.firstlight.timezone.0", "Mars/Olympus"),
        ("firstlight.ip", "dhcp"),
        ("firstlight.dns", "192.0.2.53 hunter2"),
        ("firstlight.ntp.0", "a.test"),
        ("firstlight.ntp.1", "b.test"),
        ("user-data", "hunter2"),
        ("firstlight.root-password", "hunter2"),
    ]);
    let expected = [
        "env: property firstlight.hostnam: there is no property",
        "env: property firstlight.ntp.1: firstlight.ntp.0 and firstlight.ntp.1 differ",
        "env: property firstlight.docker: the property firstlight.docker is neither True nor False",
        "env: property user-data: the property user-data is neither a document",
        "env: property firstlight.dns: the property firstlight.dns has a value that is not an IP address",
    ];
    let told = told(&seed);
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected) && !told.contains("hunter2"), "{told}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    let document = Document::read(&seed.texts());
    assert!(
        document
            .diagnostics
            .iter()
            .all(|found| found.hint.as_deref() == Some(ADVICE))
    );
    let config = document.config;
    assert_eq!(config.hostname.unwrap().as_str(), "web1");
    assert!(config.root.unwrap().password.is_some());
    assert_eq!(
        config.network.unwrap().ethernets.values().next().unwrap().common.dhcp4,
        Some(true)
    );

    // With its address misspelled, that a gateway needs one is no news.
    let told = wrong(&environment(&[
        ("firstlight.ipp", "192.0.2.1/24"),
        ("firstlight.gateway", "192.0.2.9"),
    ]));
    assert!(
        told.contains("did you mean firstlight.ip?") && told.lines().count() == 1,
        "{told}"
    );
    // Where nothing is left, the mistakes are, and with a seed elsewhere too.
    let told = wrong(&environment(&[("firstlight.hostnam", "x"), ("seedfrom", "/x")]));
    assert!(told.contains("/x") && told.contains("firstlight.hostnam"), "{told}");
}

#[test]
fn a_mistake_in_the_network_costs_the_network() {
    let table = [
        (
            "192.0.2.10",
            "192.0.2.1",
            "",
            "property firstlight.ip: `192.0.2.10` has no prefix length",
            false,
        ),
        (
            "192.0.2.10/33",
            "",
            "",
            "property firstlight.ip: `192.0.2.10/33` is not an address",
            false,
        ),
        (
            "192.0.2.10/24",
            "hunter2",
            "",
            "property firstlight.gateway: the property firstlight.gateway has a value",
            false,
        ),
        (
            "192.0.2.10/24",
            "192.0.2.10",
            "",
            "property firstlight.gateway: the gateway 192.0.2.10 is the link's own",
            false,
        ),
        (
            "192.0.2.10/24",
            "2001:db8::1",
            "",
            "property firstlight.gateway: the gateway 2001:db8::1 can't be reached",
            false,
        ),
        (
            "192.0.2.10/24",
            "192.0.2.1",
            "web_1..x",
            "property firstlight.domain: `web_1..x` is not a domain",
            true,
        ),
    ];
    for (ip, gateway, domain, words, taken) in table {
        let seed = seed_of(&[
            ("firstlight.hostname", "web1"),
            ("firstlight.ip", ip),
            ("firstlight.gateway", gateway),
            ("firstlight.domain", domain),
        ]);
        let told = told(&seed);
        assert!(
            told.len() == 1 && told[0].contains(words) && !told[0].contains("hunter2"),
            "{words}: {told:?}"
        );
        let config = Document::read(&seed.texts()).config;
        assert_eq!(config.hostname.unwrap().as_str(), "web1");
        let ethernets = config.network.map_or(0, |network| network.ethernets.len());
        assert_eq!(ethernets == 1, taken, "{words}");
    }
    let seed = seed_of(&[
        ("firstlight.ip", "192.0.2.10/32"),
        ("firstlight.gateway", "203.0.113.1"),
    ]);
    let network = document(&seed).config.network.unwrap();
    let route = &network.ethernets.values().next().unwrap().common.routes[0];
    assert_eq!(
        (route.to_string(), route.on_link),
        ("default via 203.0.113.1".to_owned(), Some(true))
    );
    let seed = seed_of(&[
        (
            "network-config",
            "network: {version: 2, ethernets: {eth0: {dhcp4: true}}}",
        ),
        ("firstlight.ip", "dhcp"),
    ]);
    assert!(
        told(&seed)
            .join("\n")
            .contains("property firstlight.ip: network-config also sets a network")
    );
    assert!(
        Document::read(&seed.texts())
            .config
            .network
            .unwrap()
            .ethernets
            .keys()
            .any(|id| id.as_str() == "eth0")
    );
}

#[test]
fn a_hash_is_given_as_one() {
    const HASH: &str = "$5$abcdefgh$iMncKVYFlXgSA0vUJNvzWHpjbCoF.2Vt249WV3V9r.D";
    let seed = seed_of(&[("firstlight.root-password", HASH), ("firstlight.hostname", "web1")]);
    let told = told(&seed);
    assert!(
        told.len() == 1 && told[0].contains("set a hash as firstlight.root-hashed-password") && !told[0].contains(HASH),
        "{told:?}"
    );
    assert!(Document::read(&seed.texts()).config.root.is_none());
    let config = document(&seed_of(&[("firstlight.root-hashed-password", HASH)])).config;
    assert_eq!(config.root.unwrap().hashed_password.unwrap().secret().expose(), HASH);
    // Here it stands for what its place needs.
    let broken = wrong(&environment(&[("firstlight.root-hashed-password", "hunter2")]));
    assert!(
        broken.contains("property firstlight.root-hashed-password: ") && !broken.contains("hunter2"),
        "{broken}"
    );
}
