//! Configurations as other tools have them, with Microsoft's titles, ids and languages: on the sandbox they come as far as on a
//! real server.

use crate::lab::Lab;

/// What UpdateServicesDsc can say of a server: products by title, classifications by id, a rule for each classification.
const FROM_DSC: &str = r#"
  updateSource: {from: {microsoftUpdate: {}}}
  updateFiles:
    languages: [en, fr, ja]
    contentPath: 'E:\Updates\WsusContent'
  synchronization:
    schedule: {firstAt: "15:30Z", perDay: 1}
    products:
      - Windows 7
      - Windows 8
      - Windows 8.1
      - Windows 10
      - Windows 10 LTSB
      - Windows Server 2008
      - Windows Server 2008 R2
      - Windows Server 2012
      - Windows Server 2012 R2
      - Windows Server 2016
      - Windows Server 2019
    classifications:
      - {id: E6CF1350-C01B-414D-A61F-263D14D133B4} # Critical Updates
      - {id: E0789628-CE08-4437-BE74-2495B842F43B} # Definition Updates
      - {id: 0FA1201D-4330-4FA8-8AE9-B877473B6441} # Security Updates
      - {id: 68C5B0A3-D1A6-4553-AE49-01D3A7827828} # Service Packs
      - {id: 28BC880E-0592-4CBF-8F95-C79B17911D5F} # Update Rollups
  declines:
    - select: {expired: true}
    - select: {superseded: true, supersedingApproved: true, neededBy: 0, arrivedBefore: 30d}
  approvalRules:
    - name: Critical for everybody
      enabled: true
      classifications: [{id: E6CF1350-C01B-414D-A61F-263D14D133B4}]
      products: []
      groups: [All Computers]
      deadline: none
    - name: Definitions for everybody
      enabled: true
      classifications: [{id: E0789628-CE08-4437-BE74-2495B842F43B}]
      products: []
      groups: [All Computers]
      deadline: none
"#;

/// What the Puppet module wsusserver can say of a server: whole families of products, and group policy decides about groups.
const FROM_PUPPET: &str = r#"
  updateSource: {from: {microsoftUpdate: {}}}
  updateFiles:
    store: local
    languages: [en]
    contentPath: 'E:\Updates\WsusContent'
  targeting: client
  synchronization:
    schedule: {firstAt: "03:00Z", perDay: 1}
    products: [Windows Server 2016, {family: SQL Server}, {family: System Center}]
    classifications: [Critical Updates]
  advanced: {muRollupOptin: false}
"#;

#[test]
fn what_other_tools_configure_is_applied_once() {
    for seed in ["empty", "demo"] {
        for (spec, languages) in [(FROM_DSC, "en,fr,ja"), (FROM_PUPPET, "en")] {
            let lab = Lab::new(seed);
            lab.manifest(spec);
            // Where the content is kept is not wsusctl's to change.
            lab.sql("UPDATE tbConfigurationB SET LocalContentCacheLocation = 'E:\\Updates\\WsusContent'");
            let apply = || lab.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "high-risk"]);
            apply().expect_status(0);
            let enabled = lab.texts("SELECT ShortLanguage FROM tbLanguage WHERE Enabled = 1 ORDER BY ShortLanguage");
            assert_eq!(enabled.join(","), languages, "on {seed}");
            let writes = lab.writes();
            apply().expect_status(0).expect_out("No differences.");
            assert_eq!(lab.writes(), writes, "something was written twice on {seed}");
        }
    }
}
