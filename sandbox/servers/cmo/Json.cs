using System.Text;

/// <summary>What is told and asked in JSON.</summary>
public static class Json
{
    /// <summary>A string; every unit of UTF-16 that is not plain ASCII is escaped, half a character as well.</summary>
    public static string Text(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var unit in value)
            text.Append(unit >= ' ' && unit < 127 && unit != '"' && unit != '\\' ? unit.ToString() : $"\\u{(int)unit:x4}");
        return text.Append('"').ToString();
    }
}
