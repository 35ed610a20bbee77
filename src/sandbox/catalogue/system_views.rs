//! Names, columns and declared types of the system views.

/// A system view.
pub(super) struct SystemView {
    /// `sys` or `INFORMATION_SCHEMA`.
    pub(super) schema: &'static str,
    /// Its name there.
    pub(super) name: &'static str,
    /// Both with a dot: the name of the temporary table.
    pub(super) full_name: &'static str,
    /// Columns with their declared types.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

macro_rules! sys {
    ($name:literal, $columns:expr) => {
        SystemView { schema: "sys", name: $name, full_name: concat!("sys.", $name), columns: $columns }
    };
}

macro_rules! information_schema {
    ($name:literal, $columns:expr) => {
        SystemView {
            schema: "INFORMATION_SCHEMA",
            name: $name,
            full_name: concat!("INFORMATION_SCHEMA.", $name),
            columns: $columns,
        }
    };
}

const OBJECTS: &[(&str, &str)] = &[
    ("name", "sysname"),
    ("object_id", "int"),
    ("principal_id", "int"),
    ("schema_id", "int"),
    ("parent_object_id", "int"),
    ("type", "nvarchar(2)"),
    ("type_desc", "nvarchar(60)"),
    ("create_date", "datetime"),
    ("modify_date", "datetime"),
    ("is_ms_shipped", "bit"),
    ("is_published", "bit"),
    ("is_schema_published", "bit"),
];

const COLUMNS: &[(&str, &str)] = &[
    ("object_id", "int"),
    ("name", "sysname"),
    ("column_id", "int"),
    ("system_type_id", "tinyint"),
    ("user_type_id", "int"),
    ("max_length", "smallint"),
    ("precision", "tinyint"),
    ("scale", "tinyint"),
    ("collation_name", "sysname"),
    ("is_nullable", "bit"),
    ("is_identity", "bit"),
    ("is_computed", "bit"),
];

const PARAMETERS: &[(&str, &str)] = &[
    ("object_id", "int"),
    ("name", "sysname"),
    ("parameter_id", "int"),
    ("system_type_id", "tinyint"),
    ("user_type_id", "int"),
    ("max_length", "smallint"),
    ("precision", "tinyint"),
    ("scale", "tinyint"),
    ("is_output", "bit"),
    ("is_cursor_ref", "bit"),
    ("has_default_value", "bit"),
    ("is_xml_document", "bit"),
    ("default_value", "sql_variant"),
    ("xml_collection_id", "int"),
    ("is_readonly", "bit"),
    ("is_nullable", "bit"),
];

/// All of them.
pub(super) const SYSTEM_VIEWS: &[SystemView] = &[
    sys!("all_objects", OBJECTS),
    sys!("objects", OBJECTS),
    sys!("tables", OBJECTS),
    sys!("views", OBJECTS),
    sys!("procedures", OBJECTS),
    sys!("all_columns", COLUMNS),
    sys!("columns", COLUMNS),
    sys!("all_parameters", PARAMETERS),
    sys!("parameters", PARAMETERS),
    sys!(
        "types",
        &[
            ("name", "sysname"),
            ("system_type_id", "tinyint"),
            ("user_type_id", "int"),
            ("schema_id", "int"),
            ("max_length", "smallint"),
            ("precision", "tinyint"),
            ("scale", "tinyint"),
            ("collation_name", "sysname"),
            ("is_nullable", "bit"),
            ("is_user_defined", "bit"),
            ("is_assembly_type", "bit"),
            ("is_table_type", "bit"),
        ]
    ),
    sys!("schemas", &[("name", "sysname"), ("schema_id", "int"), ("principal_id", "int")]),
    sys!(
        "databases",
        &[
            ("name", "sysname"),
            ("database_id", "int"),
            ("create_date", "datetime"),
            ("compatibility_level", "tinyint"),
            ("collation_name", "sysname"),
            ("is_read_only", "bit"),
            ("state", "tinyint"),
            ("state_desc", "nvarchar(60)"),
        ]
    ),
    sys!(
        "configurations",
        &[
            ("configuration_id", "int"),
            ("name", "nvarchar(35)"),
            ("value", "sql_variant"),
            ("minimum", "sql_variant"),
            ("maximum", "sql_variant"),
            ("value_in_use", "sql_variant"),
            ("description", "nvarchar(255)"),
            ("is_dynamic", "bit"),
            ("is_advanced", "bit"),
        ]
    ),
    sys!(
        "sql_modules",
        &[("object_id", "int"), ("definition", "ntext"), ("uses_ansi_nulls", "bit"), ("uses_quoted_identifier", "bit"),]
    ),
    sys!(
        "database_principals",
        &[
            ("name", "sysname"),
            ("principal_id", "int"),
            ("type", "nvarchar(1)"),
            ("type_desc", "nvarchar(60)"),
            ("default_schema_name", "sysname"),
            ("create_date", "datetime"),
            ("modify_date", "datetime"),
            ("owning_principal_id", "int"),
            ("sid", "varbinary(85)"),
            ("is_fixed_role", "bit"),
            ("authentication_type", "int"),
            ("authentication_type_desc", "nvarchar(60)"),
        ]
    ),
    sys!("database_role_members", &[("role_principal_id", "int"), ("member_principal_id", "int")]),
    sys!(
        "server_principals",
        &[
            ("name", "sysname"),
            ("principal_id", "int"),
            ("sid", "varbinary(85)"),
            ("type", "nvarchar(1)"),
            ("type_desc", "nvarchar(60)"),
            ("is_disabled", "bit"),
            ("create_date", "datetime"),
            ("modify_date", "datetime"),
        ]
    ),
    sys!(
        "dm_exec_sessions",
        &[
            ("session_id", "int"),
            ("login_time", "datetime"),
            ("host_name", "nvarchar(128)"),
            ("program_name", "nvarchar(128)"),
            ("host_process_id", "int"),
            ("login_name", "nvarchar(128)"),
            ("original_login_name", "nvarchar(128)"),
            ("status", "nvarchar(30)"),
            ("database_id", "smallint"),
            ("is_user_process", "bit"),
        ]
    ),
    sys!(
        "dm_tran_locks",
        &[
            ("resource_type", "nvarchar(60)"),
            ("resource_subtype", "nvarchar(60)"),
            ("resource_database_id", "int"),
            ("resource_description", "nvarchar(256)"),
            ("resource_associated_entity_id", "bigint"),
            ("request_mode", "nvarchar(60)"),
            ("request_type", "nvarchar(60)"),
            ("request_status", "nvarchar(60)"),
            ("request_session_id", "int"),
            ("request_owner_type", "nvarchar(60)"),
        ]
    ),
    information_schema!(
        "TABLES",
        &[
            ("TABLE_CATALOG", "nvarchar(128)"),
            ("TABLE_SCHEMA", "nvarchar(128)"),
            ("TABLE_NAME", "nvarchar(128)"),
            ("TABLE_TYPE", "nvarchar(10)"),
        ]
    ),
    information_schema!(
        "COLUMNS",
        &[
            ("TABLE_CATALOG", "nvarchar(128)"),
            ("TABLE_SCHEMA", "nvarchar(128)"),
            ("TABLE_NAME", "nvarchar(128)"),
            ("COLUMN_NAME", "nvarchar(128)"),
            ("ORDINAL_POSITION", "int"),
            ("IS_NULLABLE", "nvarchar(3)"),
            ("DATA_TYPE", "nvarchar(128)"),
            ("CHARACTER_MAXIMUM_LENGTH", "int"),
        ]
    ),
    information_schema!(
        "ROUTINES",
        &[
            ("ROUTINE_CATALOG", "nvarchar(128)"),
            ("ROUTINE_SCHEMA", "nvarchar(128)"),
            ("ROUTINE_NAME", "nvarchar(128)"),
            ("ROUTINE_TYPE", "nvarchar(20)"),
        ]
    ),
    information_schema!(
        "PARAMETERS",
        &[
            ("SPECIFIC_CATALOG", "nvarchar(128)"),
            ("SPECIFIC_SCHEMA", "nvarchar(128)"),
            ("SPECIFIC_NAME", "nvarchar(128)"),
            ("ORDINAL_POSITION", "int"),
            ("PARAMETER_MODE", "nvarchar(10)"),
            ("PARAMETER_NAME", "nvarchar(128)"),
            ("DATA_TYPE", "nvarchar(128)"),
            ("CHARACTER_MAXIMUM_LENGTH", "int"),
        ]
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::sql::declared;

    #[test]
    fn every_declared_type_can_be_read() {
        for view in SYSTEM_VIEWS {
            assert_eq!(view.full_name, format!("{}.{}", view.schema, view.name));
            for (column, declared) in view.columns {
                assert!(declared::parse(declared).is_some(), "{}.{column} {declared}", view.full_name);
            }
        }
    }
}
