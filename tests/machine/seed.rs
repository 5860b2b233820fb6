//! What a machine is told, and the forms in which it is handed over.

use crate::rootfs::{discard, run};
use base64ct::{Base64, Encoding};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Root's password in every seed; with blanks, so that nothing gets away with splitting words.
pub const PASSWORD: &str = "correct horse battery";

/// A NoCloud seed.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The host name asked for.
    pub hostname: String,
    /// The address asked for, without its prefix length.
    pub address: String,
    /// Lines after the good keys of the document.
    pub extra: &'static str,
    /// Which machine it is for.
    pub instance_id: &'static str,
    /// Docker is asked for.
    pub docker: bool,
}

impl Seed {
    /// The main job: host name, static network, root's login and password, docker.
    pub fn new(hostname: &str, address: &str) -> Self {
        Self {
            hostname: hostname.into(),
            address: address.into(),
            extra: "",
            instance_id: "rig-1",
            docker: true,
        }
    }

    /// The same without docker: an emulated machine is as long at starting it as at all else of a boot.
    pub fn without_docker(hostname: &str, address: &str) -> Self {
        Self {
            docker: false,
            ..Self::new(hostname, address)
        }
    }

    fn files(&self) -> [(&'static str, String); 3] {
        let Self {
            hostname,
            address,
            extra,
            instance_id,
            docker,
        } = self;
        let docker = if *docker { "docker: true\n" } else { "" };
        [
            ("meta-data", format!("instance-id: {instance_id}\n")),
            (
                "user-data",
                format!(
                    "#cloud-config\n\
                     hostname: {hostname}\n\
                     sshd:\n\
                     \x20 permit_root_login: yes\n\
                     root:\n\
                     \x20 password: {PASSWORD}\n\
                     {docker}{extra}"
                ),
            ),
            (
                "network-config",
                format!(
                    "version: 2\n\
                     ethernets:\n\
                     \x20 lan:\n\
                     \x20   match: {{name: eth0}}\n\
                     \x20   addresses: [{address}/24]\n\
                     \x20   accept-ra: false\n\
                     \x20   routes: [{{to: default, via: 192.0.2.1}}]\n\
                     \x20   nameservers: {{addresses: [192.0.2.53], search: [rig.test]}}\n"
                ),
            ),
        ]
    }

    /// A seed directory.
    pub fn write(&self, directory: &Path) {
        discard(directory);
        fs::create_dir_all(directory).expect("the seed directory can be made");
        for (name, content) in self.files() {
            fs::write(directory.join(name), content).expect("the seed can be written");
        }
    }

    /// Files for a container manager; returns its options for them.
    pub fn write_credentials(&self, directory: &Path) -> Vec<String> {
        self.write(directory);
        let loaded = |name: &str| format!("--load-credential=firstlight.{name}:{}", directory.join(name).display());
        let [(meta, content), rest @ ..] = self.files();
        // A short one on the command line, with nspawn's escapes.
        let set = format!("--set-credential=firstlight.{meta}:{}", content.replace('\n', "\\n"));
        let loaded = rest.iter().map(|(name, _)| loaded(name));
        [set].into_iter().chain(loaded).collect()
    }

    /// Credentials in the firmware, so that it takes both ways to have all: in `smbios` a file for each string of a table,
    /// in `fw_cfg` a file for each of QEMU's items, by its name.
    pub fn write_firmware(&self, directory: &Path) {
        discard(directory);
        let (smbios, fw_cfg) = (directory.join("smbios"), directory.join("fw_cfg"));
        for directory in [&smbios, &fw_cfg] {
            fs::create_dir_all(directory).expect("the seed directory can be made");
        }
        let [meta, (user, document), network] = self.files();
        for (name, content) in [meta, network] {
            let value = Base64::encode_string(content.as_bytes());
            let text = format!("io.systemd.credential.binary:firstlight.{name}={value}");
            fs::write(smbios.join(name), text).expect("the seed can be written");
        }
        fs::write(fw_cfg.join(format!("firstlight.{user}")), document).expect("the seed can be written");
    }

    /// A directory with a file for each key of guestinfo, and debugfs's `commands` that put them into `/usr/lib/guestinfo`.
    pub fn write_guestinfo(&self, directory: &Path) {
        let [(_, meta), (_, user), (_, network)] = self.files();
        let keys = [
            (
                "metadata",
                format!("{meta}network:\n  {}\n", network.trim_end().replace('\n', "\n  ")),
            ),
            ("userdata", Base64::encode_string(user.as_bytes())),
            ("userdata.encoding", "base64".to_owned()),
        ];
        discard(directory);
        fs::create_dir_all(directory).expect("the seed directory can be made");
        let mut commands = "mkdir /usr/lib/guestinfo\ncd /usr/lib/guestinfo\n".to_owned();
        for (key, value) in keys {
            let path = directory.join(key);
            fs::write(&path, value).expect("the seed can be written");
            commands += &format!("write {} {key}\n", path.display());
        }
        fs::write(directory.join("commands"), commands).expect("the seed can be written");
    }

    /// A seed directory whose user-data is a list of addresses, and a directory to be served at the first of them.
    pub fn write_list(&self, directory: &Path, served: &Path) {
        self.write(directory);
        discard(served);
        fs::create_dir_all(served).expect("the directory can be made");
        fs::rename(directory.join("user-data"), served.join("user-data")).expect("both are on one disk");
        let list = "#include\n# what every machine gets\nhttp://192.0.2.1/user-data\n";
        fs::write(directory.join("user-data"), list).expect("the seed can be written");
    }

    /// The text of a serial number that leads to `served`, to be served over HTTP.
    pub fn write_serial(&self, serial: &Path, served: &Path) {
        self.write(served);
        discard(serial);
        fs::write(serial, "ds=nocloud;s=http://192.0.2.1/").expect("the serial number can be written");
    }

    /// OpenStack's config drive, as nova writes it; the link is told by QEMU's hardware address.
    pub fn write_config_drive(&self, image: &Path) {
        let [_, (_, user), _] = self.files();
        let files = image.with_extension("files");
        discard(&files);
        let latest = files.join("openstack/latest");
        fs::create_dir_all(&latest).expect("the seed directory can be made");
        let meta = format!(
            "{{\"uuid\": \"{}\", \"hostname\": \"nova\", \"keys\": []}}",
            self.instance_id
        );
        let network = format!(
            "{{\"links\": [{{\"id\": \"lan\", \"type\": \"phy\", \"ethernet_mac_address\": \"52:54:00:12:34:56\"}}], \
             \"networks\": [{{\"id\": \"n0\", \"link\": \"lan\", \"type\": \"ipv4\", \"ip_address\": \"{}\", \
             \"netmask\": \"255.255.255.0\", \"routes\": [{{\"network\": \"0.0.0.0\", \"netmask\": \"0.0.0.0\", \
             \"gateway\": \"192.0.2.1\"}}]}}], \"services\": [{{\"type\": \"dns\", \"address\": \"192.0.2.53\"}}]}}",
            self.address
        );
        for (name, content) in [
            ("meta_data.json", meta),
            ("user_data", user),
            ("network_data.json", network),
        ] {
            fs::write(latest.join(name), content).expect("the seed can be written");
        }
        make_iso(image, "config-2", &files);
    }

    /// Two devices with different seeds, in a directory.
    pub fn write_two(&self, directory: &Path) {
        discard(directory);
        fs::create_dir_all(directory).expect("the seed directory can be made");
        self.write_iso(&directory.join("one.iso"));
        Self::new("other-light", &self.address).write_fat(&directory.join("two.fat"));
    }

    /// An ISO 9660 image, as Photon's documentation tells people to make it.
    pub fn write_iso(&self, image: &Path) {
        let files = image.with_extension("files");
        self.write(&files);
        make_iso(image, "cidata", &files);
    }

    /// The same by OVF properties, on a CD-ROM as a hypervisor makes it; the link is told by QEMU's hardware address.
    pub fn write_ovf(&self, image: &Path) {
        let files = image.with_extension("files");
        discard(&files);
        fs::create_dir_all(&files).expect("the seed directory can be made");
        let properties = [
            ("hostname", self.hostname.as_str()),
            ("ip", &format!("{}/24", self.address)),
            ("gateway", "192.0.2.1"),
            ("dns", "192.0.2.53"),
            ("domain", "rig.test"),
            ("root-password", PASSWORD),
            ("permit-root-login", "True"),
            ("docker", if self.docker { "True" } else { "False" }),
        ];
        let line = |(key, value)| format!("<Property oe:key=\"firstlight.{key}\" oe:value=\"{value}\"/>");
        let properties: String = properties.into_iter().map(line).collect();
        let environment = format!(
            "<Environment xmlns=\"http://schemas.dmtf.org/ovf/environment/1\" \
             xmlns:oe=\"http://schemas.dmtf.org/ovf/environment/1\" xmlns:ve=\"http://www.vmware.com/schema/ovfenv\">\
             <PropertySection>{properties}</PropertySection>\
             <ve:EthernetAdapterSection><ve:Adapter ve:mac=\"52:54:00:12:34:56\"/></ve:EthernetAdapterSection>\
             </Environment>"
        );
        fs::write(files.join("ovf-env.xml"), environment).expect("the seed can be written");
        make_iso(image, "OVF ENV", &files);
    }

    /// A FAT file system over a whole disk; mkfs.vfat makes its label upper case.
    pub fn write_fat(&self, image: &Path) {
        let files = image.with_extension("files");
        self.write(&files);
        discard(image);
        run(Command::new("mkfs.vfat")
            .args(["-n", "CIDATA", "-C"])
            .arg(image)
            .arg("2048"));
        for (name, _) in self.files() {
            run(Command::new("mcopy")
                .arg("-i")
                .arg(image)
                .arg(files.join(name))
                .arg("::"));
        }
        discard(&files);
    }
}

/// An ISO 9660 image of the directory `files`, which is used up.
fn make_iso(image: &Path, label: &str, files: &Path) {
    discard(image);
    run(Command::new("xorriso")
        .args(["-as", "mkisofs", "-volid", label, "-joliet", "-rock", "-output"])
        .arg(image)
        .arg(files));
    discard(files);
}
