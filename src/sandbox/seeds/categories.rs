//! The classifications, product families and products of every seed.
//!
//! Titles and ids are those of Microsoft's catalogue, so that what is written for a real server means the same here.
//!
//! Sources: classifications in learn.microsoft.com, ff357803 (grade A; it lacks Drivers, Driver Sets, Upgrades and WSUS
//! Infrastructure Updates, which are in jonasatgit/scriptrepo, Compare-WSUSSubscriptions.ps1, and in check_wsus_updates:
//! grade B); company, families and products in `WAPT`, waptwua (ids and titles) and in the same script (which of them are
//! families), newer ones in lists that Configuration Manager users publish (grade B). Which family a product belongs to
//! follows from its title (grade C). Where no public id is known, the id is ours.

use rusqlite::params;

use super::identity::guid;
use super::server::installed;
use super::writer::{Update, UpdateKind, Writer, text};

/// A category that the seeds name: LocalUpdateID of the update that carries it, parent, type, title, public id. Without a
/// public id it is the demo's own invention.
type Category = (i64, Option<i64>, &'static str, &'static str, Option<&'static str>);

const COMPANY: i64 = 1;
const WINDOWS: i64 = 2;
const SQL_SERVER: i64 = 3;
const DEVELOPER_TOOLS: i64 = 4;
const OFFICE: i64 = 5;
const EXCHANGE: i64 = 6;
const SYSTEM_CENTER: i64 = 7;
const FOREFRONT: i64 = 8;
const AZURE: i64 = 9;
const POWERSHELL: i64 = 10;
pub(super) const WINDOWS_11: i64 = 11;
pub(super) const WINDOWS_10: i64 = 12;
pub(super) const SERVER_2022: i64 = 13;
pub(super) const SERVER_2025: i64 = 14;
pub(super) const DEFENDER: i64 = 15;
pub(super) const SQL_SERVER_2022: i64 = 16;
/// One of two products titled "Windows Admin Center".
pub(super) const ADMIN_CENTER_WINDOWS: i64 = 17;
/// The other product titled "Windows Admin Center".
pub(super) const ADMIN_CENTER_TOOLS: i64 = 18;
const SILVERLIGHT: i64 = 19;
const LYNC: i64 = 20;
const BIZTALK: i64 = 21;
const DYNAMICS_CRM: i64 = 22;
const APP_V: i64 = 23;
pub(super) const CRITICAL_UPDATES: i64 = 31;
pub(super) const DEFINITION_UPDATES: i64 = 32;
pub(super) const DRIVERS: i64 = 33;
pub(super) const SECURITY_UPDATES: i64 = 35;
pub(super) const UPDATE_ROLLUPS: i64 = 38;
pub(super) const UPDATES: i64 = 39;
/// The products that no seed names have the numbers from here on.
const FIRST_OTHER: i64 = 101;

const FAMILY: &str = "ProductFamily";
const PRODUCT: &str = "Product";
const CLASSIFICATION: &str = "UpdateClassification";

#[rustfmt::skip]
const CATEGORIES: &[Category] = &[
    (COMPANY, None, "Company", "Microsoft", Some("56309036-4C77-4DD9-951A-99EE9C246A94")),
    (WINDOWS, Some(COMPANY), FAMILY, "Windows", Some("6964AAB4-C5B5-43BD-A17D-FFB4346A8E1D")),
    (SQL_SERVER, Some(COMPANY), FAMILY, "SQL Server", Some("0A4C6C73-8887-4D7F-9CBE-D08FA8FA9D1E")),
    (DEVELOPER_TOOLS, Some(COMPANY), FAMILY, "Developer Tools, Runtimes, and Redistributables", Some("48CE8C86-6850-4F68-8E9D-7DC8535CED60")),
    (OFFICE, Some(COMPANY), FAMILY, "Office", Some("477B856E-65C4-4473-B621-A8B230BB70D9")),
    (EXCHANGE, Some(COMPANY), FAMILY, "Exchange", Some("352F9494-D516-4B40-A21A-CD2416098982")),
    (SYSTEM_CENTER, Some(COMPANY), FAMILY, "System Center", Some("26A5D0A5-B108-46F1-93FA-F2A9CF10D029")),
    (FOREFRONT, Some(COMPANY), FAMILY, "Forefront", Some("F8C3C9A9-10DE-4F09-BC16-5EB1B861FB4C")),
    (AZURE, Some(COMPANY), FAMILY, "Azure", None),
    (POWERSHELL, Some(COMPANY), FAMILY, "PowerShell", Some("FCA452FC-9A11-CA4A-BF3E-0A0CEF82A80E")),
    (SILVERLIGHT, Some(COMPANY), FAMILY, "Silverlight", Some("FE729F7E-3945-11DC-8E0C-CD1356D89593")),
    (LYNC, Some(COMPANY), FAMILY, "Microsoft Lync Server and Microsoft Lync", Some("2AF51AA0-509A-4B1D-9218-7E7508F05EC3")),
    (BIZTALK, Some(COMPANY), FAMILY, "BizTalk Server", Some("ED036C16-1BD6-43AB-B546-87C080DFD819")),
    (DYNAMICS_CRM, Some(COMPANY), FAMILY, "Microsoft Dynamics CRM", Some("0DBC842C-730F-4361-8811-1B048F11C09B")),
    (APP_V, Some(COMPANY), FAMILY, "Microsoft Application Virtualization", Some("523A2448-8B6C-458B-9336-307E1DF6D6A6")),
    (WINDOWS_11, Some(WINDOWS), PRODUCT, "Windows 11", Some("72E7624A-5B00-45D2-B92F-E561C0A6A160")),
    (WINDOWS_10, Some(WINDOWS), PRODUCT, "Windows 10, version 1903 and later", Some("B3C75DC1-155F-4BE4-B015-3F1A91758E52")),
    (SERVER_2022, Some(WINDOWS), PRODUCT, "Windows Server 2022", None),
    (SERVER_2025, Some(WINDOWS), PRODUCT, "Windows Server 2025", None),
    (DEFENDER, Some(WINDOWS), PRODUCT, "Microsoft Defender Antivirus", Some("8C3FCC84-7410-4A95-8B89-A166A0190486")),
    (SQL_SERVER_2022, Some(SQL_SERVER), PRODUCT, "SQL Server 2022", None),
    (ADMIN_CENTER_WINDOWS, Some(WINDOWS), PRODUCT, "Windows Admin Center", Some("B1B8F641-1FF2-4AE6-B247-4FE7503787BE")),
    (ADMIN_CENTER_TOOLS, Some(DEVELOPER_TOOLS), PRODUCT, "Windows Admin Center", None),
    (CRITICAL_UPDATES, None, CLASSIFICATION, "Critical Updates", Some("E6CF1350-C01B-414D-A61F-263D14D133B4")),
    (DEFINITION_UPDATES, None, CLASSIFICATION, "Definition Updates", Some("E0789628-CE08-4437-BE74-2495B842F43B")),
    (DRIVERS, None, CLASSIFICATION, "Drivers", Some("EBFC1FC5-71A4-4F7B-9ACA-3B9A503104A0")),
    (34, None, CLASSIFICATION, "Feature Packs", Some("B54E7D24-7ADD-428F-8B75-90A396FA584F")),
    (SECURITY_UPDATES, None, CLASSIFICATION, "Security Updates", Some("0FA1201D-4330-4FA8-8AE9-B877473B6441")),
    (36, None, CLASSIFICATION, "Service Packs", Some("68C5B0A3-D1A6-4553-AE49-01D3A7827828")),
    (37, None, CLASSIFICATION, "Tools", Some("B4832BD8-E735-4761-8DAF-37F882276DAB")),
    (UPDATE_ROLLUPS, None, CLASSIFICATION, "Update Rollups", Some("28BC880E-0592-4CBF-8F95-C79B17911D5F")),
    (UPDATES, None, CLASSIFICATION, "Updates", Some("CD5FFD1E-E932-4E3A-BF74-18BF0B1BBD83")),
    (40, None, CLASSIFICATION, "Upgrades", Some("3689BDC8-B205-4AF4-8D4A-A63924C5E9D5")),
    (41, None, CLASSIFICATION, "Applications", Some("5C9376AB-8CE6-464A-B136-22113DD69801")),
    (42, None, CLASSIFICATION, "Connectors", Some("434DE588-ED14-48F5-8EED-A15E09A991F6")),
    (43, None, CLASSIFICATION, "Developer Kits", Some("E140075D-8433-45C3-AD87-E72345B36078")),
    (44, None, CLASSIFICATION, "Driver Sets", Some("77835C8D-62A7-41F5-82AD-F28D1AF1E3B1")),
    (45, None, CLASSIFICATION, "Guidance", Some("9511D615-35B2-47BB-927F-F73D8E9260BB")),
    (46, None, CLASSIFICATION, "WSUS Infrastructure Updates", Some("051F8713-E600-4BEE-B7B7-690D43C78948")),
];

/// Products that no update of the seeds belongs to, by family: titles and public ids.
#[rustfmt::skip]
const OTHER_PRODUCTS: &[(i64, &[(&str, &str)])] = &[
    (
        WINDOWS,
        &[
            ("Windows 10", "A3C2375D-0C8A-42F9-BCE0-28333E198407"),
            ("Windows 10 LTSB", "D2085B71-5F1F-43A9-880D-ED159016D5C6"),
            ("Windows 10 and later drivers", "05EEBF61-148B-43CF-80DA-1C99AB0B8699"),
            ("Windows 10 and later GDR-DU", "ABC45868-0C9C-4BC0-A36D-03D54113BAF4"),
            ("Windows 10 and later Dynamic Update", "E4B04398-ADBD-4B69-93B9-477322331CD3"),
            ("Windows 10 Feature On Demand", "E104DD76-2895-41C4-9EB5-C483A61E9427"),
            ("Windows 10 Language Interface Packs", "7D247B99-CAA2-45E4-9C8F-6D60D0AAE35C"),
            ("Windows 11 Dynamic Update", "AB1852D6-15FD-4BF0-ACD1-D276A5EA82FB"),
            ("Windows 11 GDR-DU", "B6EA7C03-5339-4D45-A215-314A05FE37E0"),
            ("Windows 2000", "3B4B8621-726E-43A6-B43B-37D07EC7019F"),
            ("Windows XP", "558F4BC3-4827-49E1-ACCF-EA79FD72D4C9"),
            ("Windows Vista", "26997D30-08CE-4F25-B2DE-699C36A8033A"),
            ("Windows 7", "BFE5B177-A086-47A0-B102-097E4FA1F807"),
            ("Windows 7 Language Packs", "6D76A2A5-81FE-4829-B268-6EB307E40EF3"),
            ("Windows 8", "2EE2AD83-828C-4405-9479-544D767993FC"),
            ("Windows 8.1", "6407468E-EDC7-4ECD-8C32-521F64CEE65E"),
            ("Windows 8.1 and later drivers", "405706ED-F1D7-47EA-91E1-EB8860039715"),
            ("Windows RT", "0A07AEA1-9D09-4C1E-8DC7-7469228D8195"),
            ("Windows RT 8.1", "2C62603E-7A60-4832-9A14-CFDFD2D71B9A"),
            ("Windows Server 2003", "DBF57A08-0D5A-46FF-B30C-7715EB9498E9"),
            ("Windows Server 2008", "BA0AE9CC-5F01-40B4-AC3F-50192B5D6AAF"),
            ("Windows Server 2008 R2", "FDFE8200-9D98-44BA-A12A-772282BF60EF"),
            ("Windows Server 2012", "A105A108-7C9B-4518-BBBE-73F0FE30012B"),
            ("Windows Server 2012 R2", "D31BD4C3-D872-41C9-A2E7-231F372588CB"),
            ("Windows Server 2012 R2 Drivers", "BFD3E48C-C96B-43FD-8B09-98CDC89DC77E"),
            ("Windows Server 2016", "569E8E8F-C6CD-42C8-92A3-EFBB20A0F6F5"),
            ("Windows Server 2016 and Later Servicing Drivers", "3C54BB6C-66D1-4A79-884C-8A0C96FA20D1"),
            ("Windows Server 2019", "F702A48C-919B-45D6-9AEF-CA4248D50397"),
            ("Windows Server 2019 and later, Servicing Drivers", "B645DD0F-2965-43E8-B055-8EA47E2D71D7"),
            ("Windows Server, version 1903 and later", "21210D67-50BC-4254-A695-281765E10665"),
            ("Windows Server Drivers", "323CCEAF-B60B-4A0D-8A8A-3069EFDE76BF"),
            ("Microsoft Server operating system-21H2", "71718F13-7324-4B0F-8F9E-2CA9DC978E53"),
            ("Microsoft Server Operating System-22H2", "2C7888B6-F9E9-4EE9-87AF-A77705193893"),
            ("Microsoft Server Operating System-23H2", "607EFB8D-FEED-48A0-930E-14D0CF2DA71F"),
            ("Microsoft Server Operating System-24H2", "B256987D-4693-4C87-955D-DBB9341205EB"),
            ("Microsoft Edge", "69010383-FF55-4227-BD6C-D91C26F2643B"),
            ("OOBE ZDP", "DD78B8A1-0B20-45C1-ADD6-4DA72E9364CF"),
            ("Windows Dictionary Updates", "50C04525-9B15-4F7C-BED4-87455BCD7DED"),
            ("Windows Insider Pre-Release", "CA006CFB-49EB-439B-880A-1312E1FC9713"),
            ("Windows Safe OS Dynamic Update", "DD1AA213-54E7-4173-8456-B278964A26B6"),
            ("Windows Security platform", "2D2A68AB-50CA-4D80-B96C-757BC32024C7"),
        ],
    ),
    (
        SQL_SERVER,
        &[
            ("SQL Server 2000", "7145181B-9556-4B11-B659-0162FA9DF11F"),
            ("SQL Server 2005", "60916385-7546-4E9B-836E-79D65E517BAB"),
            ("SQL Server 2008", "C5F0B23C-E990-4B71-9808-718D353F533A"),
            ("SQL Server 2008 R2", "BB7BC3A7-857B-49D4-8879-B639CF5E8C3C"),
            ("Microsoft SQL Server 2012", "56750722-19B4-4449-A547-5B68F19EEE38"),
            ("Microsoft SQL Server 2014", "CAAB596C-64F2-4AA9-BBE3-784C6E2CCF9C"),
            ("Microsoft SQL Server 2016", "93F0B0BC-9C20-4CA5-B630-06EB4706A447"),
            ("Microsoft SQL Server 2017", "CA6616AA-6310-4C2D-A6BF-CAE700B85E86"),
            ("Microsoft SQL Server 2019", "97B8B817-FCE1-44E4-AC26-61127D4604C0"),
            ("Microsoft SQL Server 2022", "AEEFA997-63B8-4C01-B19C-C19E1081B4CE"),
            ("Microsoft SQL Server Management Studio v17", "DEE854FD-E9D2-43FD-BBC3-F7568E3CE324"),
            ("Microsoft SQL Server Management Studio v18", "05BAACDD-C45A-4E37-B95C-EE0453061D89"),
            ("SQL Server 2012 Product Updates for Setup", "7FE4630A-0330-4B01-A5E6-A77C7AD34EB0"),
            ("SQL Server Feature Pack", "C96C35FC-A21F-481B-917C-10C4F64792CB"),
        ],
    ),
    (
        DEVELOPER_TOOLS,
        &[
            (".NET Core 2.1", "7D9AE321-5221-46D8-9614-5302F044CFB1"),
            (".NET Core 3.1", "7D6B797D-392C-45EE-A22F-4082B66212A0"),
            (".NET 5.0", "B8267FAE-89AB-4540-B17D-21FFD5986E3A"),
            (".NET 6.0", "3A8F2A23-211A-4969-9F10-50EE09F0A2DB"),
            (".NET 7.0", "49114095-A4AB-4AA2-9AD1-59E851FCB53A"),
            (".NET 8.0", "64CCDFC7-8E8C-4404-A572-A3DAF7DFF673"),
            ("Report Viewer 2005", "7CF56BDD-5B4E-4C04-A6A6-706A2199EFF7"),
            ("Report Viewer 2008", "79ADAA30-D83B-4D9C-8AFD-E099CF34855F"),
            ("Report Viewer 2010", "F7F096C9-9293-422D-9BE8-9F6E90C2E096"),
            ("Visual Studio 2005", "A0DD7E72-90EC-41E3-B370-C86A245CD44F"),
            ("Visual Studio 2008", "E3FDE9F8-14D6-4B5C-911C-FBA9E0FC9887"),
            ("Visual Studio 2010", "C9834186-A976-472B-8384-6BB8F2AA43D9"),
            ("Visual Studio 2010 Tools for Office Runtime", "CBFD1E71-9D9E-457E-A8C5-500C47CFE9F3"),
            ("Visual Studio 2012", "ABDDD523-04F4-4F8E-B76F-A6C84286CC67"),
            ("Visual Studio 2013", "CF4AA0FC-119D-4408-BCBA-181ABB69ED33"),
            ("Visual Studio 2015", "1731F839-8830-4B9C-986E-82EE30B24120"),
            ("Visual Studio 2017", "682005F1-54FD-440F-B3B3-B9C652351D01"),
            ("Visual Studio 2019", "5F4177E2-AD09-4066-9050-B7466AD5B078"),
            ("Visual Studio 2022", "12C24E87-BD40-451B-9477-2C2BF501E0D7"),
        ],
    ),
    (
        OFFICE,
        &[
            ("Office 2002/XP", "6248B8B1-FFEB-DBD9-887A-2ACF53B09DFE"),
            ("Office 2003", "1403F223-A63F-F572-82BA-C92391218055"),
            ("Office 2007", "041E4F9F-3A3D-4F58-8B2F-5E6FE95C4591"),
            ("Office 2010", "84F5F325-30D7-41C4-81D1-87A0E6535B66"),
            ("Office 2013", "704A0A4A-518F-4D69-9E03-10BA44198BD5"),
            ("Office 2016", "25AED893-7C2D-4A31-AE22-28FF8AC150ED"),
            ("Microsoft 365 Apps/Office 2019/Office LTSC", "30EB551C-6288-4716-9A78-F300EC36D72B"),
            ("SharePoint Server 2019/Office Online Server", "6C5F2E66-7DBC-4C59-90A7-849C4C649D7A"),
            ("SharePoint Server Subscription Edition", "BC0FEE21-742F-4D06-8B37-4FD520873C74"),
        ],
    ),
    (
        EXCHANGE,
        &[
            ("Exchange 2000 Server", "83A83E29-7D55-44A0-AFED-AEA164BC35E6"),
            ("Exchange Server 2003", "3CF32F7C-D8EE-43F8-A0DA-8B88A6F8AF1A"),
            ("Exchange Server 2007", "26BB6BE1-37D1-4CA6-BAEE-EC00B2F7D0F1"),
            ("Exchange Server 2007 and Above Anti-spam", "AB62C5BD-5539-49F6-8AEA-5A114DD42314"),
            ("Exchange Server 2010", "9B135DD5-FC75-4609-A6AE-FB5D22333EF0"),
            ("Exchange Server 2013", "D3D7C7A6-3E2F-4029-85BF-B59796B82CE7"),
            ("Exchange Server 2016", "49C3DDDE-4DF2-4534-980C-83F4E27B23B5"),
        ],
    ),
    (
        SYSTEM_CENTER,
        &[
            ("System Center 2012 - App Controller", "DAA70353-99B4-4E04-B776-03973D54D20F"),
            ("System Center 2012 - Data Protection Manager", "B0C3B58D-1997-4B68-8D73-AB77F721D099"),
            ("System Center 2012 - Operations Manager", "BF05ABFB-6388-4908-824E-01565B05E43A"),
            ("System Center 2012 - Orchestrator", "AB8DF9B9-8BFF-4999-AEE5-6E4054EAD976"),
            ("System Center 2012 - Virtual Machine Manager", "6ED4A93E-E443-4965-B666-5BC7149F793C"),
            ("System Center 2012 R2 - Data Protection Manager", "E54F3C9B-EEC3-48F4-A791-EF1E2B0586D0"),
            ("System Center 2012 R2 - Operations Manager", "2A9170D5-3434-4820-885C-61A4F3FC6F84"),
            ("System Center 2012 R2 - Orchestrator", "6DDF2E90-4B40-471C-A664-6CD6B7E0D0A7"),
            ("System Center 2012 R2 - Virtual Machine Manager", "8A3485AF-4301-43E1-B2D9-F9DDB7576125"),
            ("System Center 2016 - Data Protection Manager", "BC48031F-9353-4DB2-A305-541E324374E2"),
            ("System Center 2016 - Operations Manager", "CC4AB3AC-9D9A-4F53-97D3-E0D6DE39D119"),
            ("System Center 2016 - Orchestrator", "E505A854-6941-484F-A107-EBF0D1B64820"),
            ("System Center 2016 - Virtual Machine Manager", "D06F861B-2952-4063-BAD5-AE8212746A61"),
            ("System Center 2019 Data Protection Manager", "316E4DB1-D534-45CA-8A9D-562AF54E5BD3"),
            ("System Center 2019 - Operations Manager", "89AE07CA-6B57-48DA-AC7E-607DA1F2DE96"),
            ("System Center 2019 - Orchestrator", "2176218A-EAB3-4D43-B8C8-E7D121FA21D2"),
            ("System Center 2019 - Virtual Machine Manager", "CD2F1C8F-8E60-4789-9366-D9C14B9DD3F5"),
            ("System Center 2022 - Data Protection Manager", "6B6F55FA-C7F1-45D9-8E40-A64A4AC0097C"),
            ("System Center 2022 - Operations Manager", "021E9016-4B20-4C24-BC42-4CDD11CEFC32"),
            ("System Center 2022 - Orchestrator", "23D91A24-AC95-4E5D-B621-52C5BEC08E66"),
            ("System Center 2022 - Virtual Machine Manager", "035C286A-16A5-4E93-81B4-9038CE52C845"),
            ("System Center Endpoint Protection", "A38C835C-2950-4E87-86CC-6911A52C34A3"),
        ],
    ),
    (
        FOREFRONT,
        &[
            ("Forefront Client Security", "0A487050-8B0F-4F81-B401-BE4CEACD61CD"),
            ("Forefront Identity Manager 2010", "D7D32245-1064-4EDF-BD09-0218CFB6A2DA"),
            ("Forefront Identity Manager 2010 R2", "86134B1C-CF56-4884-87BF-5C9FE9EB526F"),
            ("Forefront TMG", "59F07FB7-A6A1-4444-A9A9-FB4B80138C6D"),
        ],
    ),
    (
        AZURE,
        &[
            ("Azure Connected Machine Agent 3", "589E5715-19B7-44C2-A532-5775DEA30C0F"),
            ("Azure File Sync agent updates for Windows Server 2016", "7FF1D901-FD38-441B-AABA-36D7B0EBF264"),
            ("Azure File Sync agent updates for Windows Server 2019", "84A044F8-631C-4EB5-90BE-9F1D127D6CC2"),
            ("Azure File Sync agent updates for Windows Server 2022", "C72A8930-B7E7-42AE-8DDA-36223B9B006B"),
            ("Azure Stack HCI", "08DB04E7-75F3-4C57-90EE-B6311DE7F44B"),
            ("Microsoft Azure Backup Server V3 - Data Protection Manager", "9DB738B6-9853-40C2-BC43-20B61CF33816"),
            ("Microsoft Azure Backup Server V4 - Data Protection Manager", "93C78D3E-8953-4E45-86A6-015763389BBA"),
            ("Microsoft Azure Site Recovery Provider", "E903C733-C905-4B1C-A5C4-3528B6BBC746"),
        ],
    ),
    (
        POWERSHELL,
        &[
            ("PowerShell - x64", "2FF883B0-B409-4328-AB13-EC77F5BDB864"),
            ("PowerShell Preview - x64", "C90A4362-D2B6-4BB4-B316-76D14FED63A5"),
        ],
    ),
    (
        SILVERLIGHT,
        &[
            ("Silverlight", "9F3DD20A-1004-470E-BA65-3DC62D982958"),
        ],
    ),
    (
        LYNC,
        &[
            ("Microsoft Lync 2010", "5E870422-BD8F-4FD2-96D3-9C5D9AAFDA22"),
            ("Microsoft Lync Server 2010", "04D85AC2-C29F-4414-9CB6-5BCD6C059070"),
            ("Microsoft Lync Server 2013", "01CE995B-6E10-404B-8511-08142E6B814E"),
            ("Skype for Business Server 2015", "8184D953-8366-4E13-8566-DF0E15ACA108"),
        ],
    ),
    (
        BIZTALK,
        &[
            ("BizTalk Server 2002", "34AAE785-2AE3-446D-B305-AEC3770EDCEF"),
            ("BizTalk Server 2006R2", "86B9F801-B8EC-4D16-B334-08FBA8567C17"),
            ("BizTalk Server 2009", "B61793E6-3539-4DC8-8160-DF71054EA826"),
            ("BizTalk Server 2013", "61487ADE-9A4E-47C9-BAA5-F1595BCDC5C5"),
        ],
    ),
    (
        DYNAMICS_CRM,
        &[
            ("Microsoft Dynamics CRM 2011", "2F3D1ABA-2192-47B4-9C8D-87B41F693AF4"),
            ("Microsoft Dynamics CRM 2013", "260D4CA6-768F-4E3E-9285-C30693BB7BC1"),
            ("Microsoft Dynamics CRM 2015", "3A78CD53-79B0-43A6-82F6-D9D6B9EEC011"),
            ("Microsoft Dynamics CRM 2016", "734658E2-C499-46AC-953F-287B14DEEB44"),
        ],
    ),
    (
        APP_V,
        &[
            ("Microsoft Application Virtualization 4.5", "00B2D754-4512-4278-B50B-D073EFB27F37"),
            ("Microsoft Application Virtualization 4.6", "C755E211-DC2B-45A7-BE72-0BDC9015A63B"),
            ("Microsoft Application Virtualization 5.0", "1406B1B4-5441-408F-BABC-9DCB5501F46F"),
        ],
    ),
];

fn all() -> impl Iterator<Item = Category> {
    let others = OTHER_PRODUCTS
        .iter()
        .flat_map(|(family, products)| products.iter().map(|(title, id)| (*family, *title, *id)))
        .zip(FIRST_OTHER..)
        .map(|((family, title, id), number)| (number, Some(family), PRODUCT, title, Some(id)));
    CATEGORIES.iter().copied().chain(others)
}

/// Writes the categories: each is an update of its own.
pub(super) fn write(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    for (index, (number, parent, kind, title, id)) in (1_i64..).zip(all()) {
        writer.update(&Update {
            local: number,
            id: &id.map_or_else(|| guid("category", number.unsigned_abs()), str::to_owned),
            revisions: &[number],
            title,
            description: None,
            kb: None,
            classification: 0,
            product: 0,
            kind: UpdateKind::Category,
            severity: "Unspecified",
            created: installed(),
            is_deployable: false,
            is_expired: false,
            is_declined: false,
            is_leaf: true,
            can_uninstall: false,
            eula: None,
        })?;
        writer.store().execute(
            "INSERT INTO tbCategory (CategoryIndex, CategoryID, ParentCategoryID, CategoryType, LastChange)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![index, number, parent, kind, text(installed())],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::server::FIRST_UPDATE;
    use super::*;

    #[test]
    fn numbers_and_ids_are_given_once() {
        let numbers: BTreeSet<i64> = all().map(|(number, ..)| number).collect();
        assert_eq!(numbers.len(), all().count());
        assert!(numbers.iter().all(|number| (1..FIRST_UPDATE).contains(number)), "categories lie below the updates");
        let ids: Vec<&str> = all().filter_map(|(.., id)| id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert!(ids.iter().all(|id| uuid::Uuid::parse_str(id).is_ok() && **id == id.to_uppercase()));
    }

    #[test]
    fn every_classification_has_its_public_id() {
        assert!(all().filter(|(_, _, kind, ..)| *kind == CLASSIFICATION).all(|(.., id)| id.is_some()));
    }

    #[test]
    fn only_one_title_is_given_twice() {
        let mut titles = BTreeSet::new();
        let twice: Vec<&str> = all()
            .filter(|(_, _, kind, title, _)| !titles.insert((*kind, *title)))
            .map(|(_, _, _, title, _)| title)
            .collect();
        assert_eq!(twice, ["Windows Admin Center"]);
    }
}
