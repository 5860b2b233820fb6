//! The machine on which the scenarios of the real cloud-init were recorded, as far as they go.

use std::fs;
use std::path::Path;

use super::tree::place;

/// Its `/etc/passwd`.
pub const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nfirst:x:1000:1000::/home/first:/bin/sh\n";
/// Its `/etc/shadow`.
pub const SHADOW: &str = "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n\
    first:!:19000:0:99999:7:::\n";
/// Its `/etc/group`.
pub const GROUP: &str = "root:x:0:\ndaemon:x:1:\nusers:x:100:\nnogroup:x:65534:\nfirst:x:1000:\ns1:x:999:\ns2:x:998:\ns3:x:997:\n\
    s4:x:996:\n";
/// Its `/etc/gshadow`.
pub const GSHADOW: &str = "root:*::\ndaemon:*::\nusers:*::\nnogroup:*::\nfirst:!::\ns1:!::\ns2:!::\ns3:!::\ns4:!::\n";
const LOGIN_DEFS: &str = "PASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\nUID_MIN 1000\nUID_MAX 60000\n\
    GID_MIN 1000\nGID_MAX 60000\nUMASK 022\nUSERGROUPS_ENAB yes\nENCRYPT_METHOD SHA512\n";

/// Two keys and two hashes that are whole, in the place of those that were recorded.
const WHOLE: [(&str, &str); 4] = [
    (
        "AAAAC3NzaC1lZDI1NTE5AAAAIEkeyone",
        "AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5",
    ),
    (
        "AAAAC3NzaC1lZDI1NTE5AAAAIEkeytwo",
        "AAAAC3NzaC1lZDI1NTE5AAAAIA0mcB0zqnV0gQn5SDD2K8nXnq2cQj8wRQzYQ2mRkKzE",
    ),
    (
        "$6$rounds=4096$ab$cdef",
        "$6$rounds=4096$ab$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    (
        "$6$ab$cd",
        "$6$ab$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
];

/// The text with whole keys and hashes.
pub fn whole(text: &str) -> String {
    WHOLE
        .iter()
        .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

/// Its tree, as far as accounts go.
pub fn tree() -> tempfile::TempDir {
    let tree = place();
    lay_accounts(tree.path());
    tree
}

/// Its account files and what they need, in a tree.
pub fn lay_accounts(tree: &Path) {
    let write = |path: &str, content: &str| {
        let path = tree.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("etc/passwd", PASSWD);
    write("etc/shadow", SHADOW);
    write("etc/group", GROUP);
    write("etc/gshadow", GSHADOW);
    write("etc/subuid", "");
    write("etc/subgid", "");
    write("etc/login.defs", LOGIN_DEFS);
    write("etc/default/useradd", "SHELL=/bin/sh\n");
    write("etc/skel/.profile", "# profile\n");
    write("etc/sudoers", "@includedir /etc/sudoers.d\n");
    write("bin/sh", "");
    write("bin/bash", "");
    write("usr/sbin/nologin", "");
    for directory in ["root", "home/first", "var/lib", "usr/sbin", "nonexistent"] {
        fs::create_dir_all(tree.join(directory)).unwrap();
    }
}
