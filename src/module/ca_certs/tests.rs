use super::*;
use crate::document::{Document, Texts};
use crate::system::{Facts, Live, Root};

const SEED: &str = include_str!("../../../tests/cases/86-ca-certs-photon/seed/user-data");

const PHOTON: (&str, &str) = ("usr/bin/rehash_ca_certificates.sh", "");
const FEDORA: (&str, &str) = ("usr/bin/update-ca-trust", "");
const DEBIAN: (&str, &str) = ("usr/sbin/update-ca-certificates", "");
const SUSE: (&str, &str) = ("etc/pki/trust/anchors/a", "");

/// What is planned for a document on a machine with these files.
fn plan(yaml: &str, files: &[(&str, &str)]) -> Result<Plan, PlanError> {
    let tree = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = tree.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let root = Root::open(tree.path()).unwrap();
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    assert!(!document.has_errors(), "{:?}", document.diagnostics);
    let facts = Facts {
        live: Some(Live::default()),
        ..Facts::default()
    };
    CaCerts.plan(&document.config, &Machine::new(&root, &facts))
}

/// The files, and the program with the bundle.
fn shown(plan: &Plan) -> (Vec<&str>, Vec<String>) {
    let files = plan.changes.iter().filter(|change| matches!(change, Change::File(_)));
    let bundles = plan.changes.iter().filter_map(|change| match change {
        Change::Certificates(bundle) => Some(format!("{} {}", bundle.argv.join(" "), bundle.path)),
        _ => None,
    });
    (files.filter_map(Change::path).collect(), bundles.collect())
}

#[test]
fn each_certificate_is_a_file_where_the_distribution_wants_it() {
    for (files, directory, suffix, ran) in [
        (
            &[PHOTON, DEBIAN][..],
            "/etc/ssl/certs",
            ".pem",
            "/usr/bin/rehash_ca_certificates.sh /etc/pki/tls/certs/ca-bundle.crt",
        ),
        (
            &[FEDORA],
            "/etc/pki/ca-trust/source/anchors",
            ".pem",
            "/usr/bin/update-ca-trust extract /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        ),
        (
            &[DEBIAN, SUSE],
            "/etc/pki/trust/anchors",
            ".pem",
            "/usr/sbin/update-ca-certificates /var/lib/ca-certificates/ca-bundle.pem",
        ),
        (
            &[DEBIAN],
            "/usr/local/share/ca-certificates",
            ".crt",
            "/usr/sbin/update-ca-certificates /etc/ssl/certs/ca-certificates.crt",
        ),
    ] {
        let plan = plan(SEED, files).unwrap();
        let (paths, bundles) = shown(&plan);
        assert_eq!((paths.len(), bundles), (2, vec![ran.to_owned()]));
        for path in paths {
            let is_own = path.starts_with(&format!("{directory}/firstlight-")) && path.ends_with(suffix);
            assert!(is_own, "{path}");
        }
        let dirties = plan.changes.iter().filter_map(|change| match change {
            Change::File(file) => Some(&file.dirties),
            _ => None,
        });
        dirties.for_each(|dirties| assert_eq!(*dirties, [Dirty::Certificates]));
    }
}

#[test]
fn a_machine_without_the_program_says_so() {
    let error = plan(SEED, &[SUSE]).unwrap_err();
    assert!(
        error.message.contains("none of /usr/bin/rehash_ca_certificates.sh"),
        "{error}"
    );
    assert!(error.hint.unwrap().contains("openssl-c_rehash"));
    assert_eq!(plan("ca_certs: {trusted: []}", &[]), Ok(Plan::default()));
}

#[test]
fn what_the_distribution_brings_is_crossed_out_or_stays() {
    let yaml = "ca_certs: {remove_defaults: true}";
    let list = (
        "etc/ca-certificates.conf",
        "# All of them\n\nmozilla/a.crt\n!mozilla/b.crt\nmozilla/c.crt",
    );
    let found = plan(yaml, &[DEBIAN, list]).unwrap();
    let [Change::File(file)] = found.changes.as_slice() else {
        panic!("{found:?}")
    };
    let text = String::from_utf8_lossy(&file.content.as_ref().unwrap().bytes).into_owned();
    assert_eq!(text, "# All of them\n\n!mozilla/a.crt\n!mozilla/b.crt\n!mozilla/c.crt");
    assert_eq!(
        (file.share, file.dirties.as_slice()),
        (Share::Lines, &[Dirty::Certificates][..])
    );
    for files in [&[DEBIAN][..], &[PHOTON], &[FEDORA]] {
        let found = plan(yaml, files).unwrap();
        assert_eq!((found.changes.len(), found.problems.len()), (0, 1));
        assert_eq!(found.problems[0].path, ["ca_certs", "remove_defaults"]);
    }
}

#[test]
fn a_bundle_lacks_what_is_not_in_it() {
    let tree = tempfile::tempdir().unwrap();
    let root = Root::open(tree.path()).unwrap();
    let bundle = |certificates: &[&str]| Bundle {
        argv: vec!["/bin/true".to_owned()],
        path: "/bundle".to_owned(),
        certificates: certificates.iter().map(ToString::to_string).collect(),
        sources: None,
    };
    assert_eq!(bundle(&["AB"]).missing(&root).unwrap(), 1);
    std::fs::write(tree.path().join("bundle"), "# x\nA\r\nB\n").unwrap();
    assert_eq!(bundle(&["AB"]).missing(&root).unwrap(), 0);
    assert_eq!(bundle(&["AB", "CD", "EF"]).missing(&root).unwrap(), 2);
    assert_eq!(bundle(&[]).missing(&root).unwrap(), 0);
}

#[test]
fn a_bundle_of_nothing_is_left_over() {
    let tree = tempfile::tempdir().unwrap();
    let root = Root::open(tree.path()).unwrap();
    let put = |path: &str, text: &str| {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("usr/sbin/update-ca-certificates", "");
    let bundle = Store::of(&root).unwrap().unwrap().bundle(Vec::new());
    let list = "etc/ca-certificates.conf";
    put(list, "# All of them\n\n!mozilla/a.crt\n");
    assert!(!bundle.is_left_over(&root).unwrap(), "there is no file");
    put("etc/ssl/certs/ca-certificates.crt", "all of them");
    assert!(bundle.is_left_over(&root).unwrap());
    put(list, "!mozilla/a.crt\nmozilla/b.crt\n");
    assert!(!bundle.is_left_over(&root).unwrap());
    put(list, "!mozilla/a.crt\n");
    put("usr/local/share/ca-certificates/own.crt", "");
    assert!(!bundle.is_left_over(&root).unwrap());
    let others = Bundle {
        sources: None,
        ..bundle
    };
    std::fs::remove_dir_all(tree.path().join("usr/local")).unwrap();
    assert!(!others.is_left_over(&root).unwrap());
}
