using System;
using System.Collections.Specialized;
using System.Configuration;

/// <summary>The appSettings of a web.config, read by System.Configuration as the site's own process reads them.</summary>
public static class Settings
{
    public static NameValueCollection Of(string file)
    {
        var map = new ExeConfigurationFileMap { ExeConfigFilename = file };
        var configuration = ConfigurationManager.OpenMappedExeConfiguration(map, ConfigurationUserLevel.None);
        var settings = new NameValueCollection(StringComparer.OrdinalIgnoreCase);
        foreach (KeyValueConfigurationElement setting in configuration.AppSettings.Settings)
            settings[setting.Key] = setting.Value;
        return settings;
    }
}
